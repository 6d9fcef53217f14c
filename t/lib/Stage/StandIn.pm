package Stage::StandIn;
# The process of a stage's stand-in for a peer.  What it prints is an error of
# its own, and fails the test.
use strict;
use warnings;
use Stage::Process qw(wait_until);
use StandIn::Client ();

# Starts t/standin/NAME, whose parts are in StandIn/FOLDER, from a copy that the
# unprivileged user can read; returns its process.
sub spawn_standin {
	my ($self, $name, $folder, @options) = @_;
	my $dir = "$self->{dir}/standin";
	my $source = "$ENV{abs_top_srcdir}/t";
	my $ports = "$self->{dir}/run/$name.ports";

	mkdir $_ for $dir, map { "$dir/$_" } 'program', 'lib', 'lib/StandIn',
	    "lib/StandIn/$folder";
	Stage::copy_all("$dir/program", 0755, "$source/standin/$name");
	Stage::copy_all("$dir/lib/$_", 0644, glob "'$source/lib/$_'*.pm")
	    for 'StandIn/', "StandIn/$folder/";
	Stage::copy_all("$dir/lib", 0644,
	    map { "$source/lib/$_.pm" } qw(Sign SignFront StandIn));
	unlink $ports;
	return $self->spawn($name, undef, $self->as_user, $^X,
	    "$dir/program/$name", '--port-file', $ports, @options);
}

# What speaks to it, once it listens.
sub standin_client {
	my ($self, $name) = @_;
	my $ports = "$self->{dir}/run/$name.ports";

	wait_until(sub { -e $ports }, "the stand-in $name listens", 60);
	return StandIn::Client->new($ports);
}

# Returns as end_rest() does.
sub end_standin {
	my ($self, $name, $pid) = @_;
	my $status = $self->end($pid, 'TERM', 10);
	my $said = $self->slurp("log/$name.log");
	my @wrong;

	push @wrong, "the stand-in $name ended with " . ($status // 'nothing')
	    if ($status // 1) != 0;
	push @wrong, "the stand-in $name: $said" if $said ne '';
	return @wrong;
}

1;
