package Stage;
# The stage of a test: its own PostgreSQL, responder processes and nginx with
# TLS, all from what the product ships, in a directory of its own, and all gone
# when the object goes.
#
#	my $stage = Stage->new(config => { 'service.masking' => 'yes' });
#	my $answer = $stage->post('GetCustomersList', { PageSize => 2 });
#	is($answer->{status}, 200, 'a worker sees their customers');
#
# What a test forgets to look at is looked at when the stage is struck, and a
# finding fails the test file: see strike().
#
# TEST_LEAVE=1 keeps the directory and prints its name.  FRONTLINE_TEST_WRAPPER
# ("valgrind -q --error-exitcode=99") stands in front of the responder program.
use strict;
use warnings;
use Curl ();
use Exporter 'import';
use File::Copy ();
use File::Temp ();
use Scratch qw(scratch_base);
use Scalar::Util qw(weaken);
use Stage::Process qw(wait_until);
use Stage::Request qw(in_time);
use Test::More ();
use parent qw(Stage::Process Stage::Postgres Stage::Standby Stage::Responder Stage::Relay
    Stage::Nginx Stage::Request Stage::Twilio Stage::Front Stage::Strike);

our @EXPORT = qw(in_time wait_until);

# Nobody outside a test knows these words; they must not turn up in a log.
use constant {
	ACCOUNT => 'AC0123456789abcdef0123456789abcdef',
	TOKEN   => 'c0ffee00ca9a4100c0ffee00ca9a4100',
	NEXT    => 'c0ffee00ca9a4200c0ffee00ca9a4200',
	WORKER  => 'ana@example.com',
	CANARY  => 'canaryquery',
};

# Debian's psql is a Perl program that a foreign PERL5LIB breaks, and settings
# of the caller's database are not ours.
delete $ENV{PERL5LIB};
delete @ENV{grep { /^PG(?!_BINDIR$)/ } keys %ENV};
$ENV{LC_ALL} = 'C.UTF-8';
$ENV{TZ} = 'UTC';
$ENV{PATH} .= ':/usr/sbin:/sbin';

my $failed = 0;
my @standing;

# Skips the whole test file where a stage cannot stand.
sub require_tools {
	my (@more) = @_;

	Test::More::plan(skip_all => 'no PostgreSQL server binaries')
	    unless $ENV{PG_BINDIR} && -x "$ENV{PG_BINDIR}/initdb";
	for my $tool (qw(nginx curl openssl setpriv), @more) {
		Test::More::plan(skip_all => "no $tool")
		    unless grep { -x "$_/$tool" } split /:/, $ENV{PATH};
	}
}

# Options: config {'section.key' => value or undef}, responders (2), sample
# (1: load the sample customers), postgres {setting => value}, pg_errors [regex
# of expected lines of its log], supervised (1: by spawn-fcgi and multiwatch),
# nginx (1), nginx_workers (1), twilio and front (options of a stand-in for
# either, as list), server_network (where PostgreSQL runs: see Hosts.pm).
sub new {
	my ($class, %opt) = @_;

	require_tools();
	my $self = bless {
		owner      => $$,
		processes  => {},
		responders => [],
		pg_errors  => $opt{pg_errors} // [],
		config     => $opt{config} // {},
		settings   => $opt{postgres} // {},
		server_network => $opt{server_network},
		wrapper    => [wrapper()],
		started    => 0,
	}, $class;
	keep($self);
	$self->build_directory;
	$self->start_postgres;
	$self->migrate;
	$self->load_sample if $opt{sample} // 1;
	$self->make_certificate;
	$self->write_nginx($opt{nginx_workers} // 1);
	$self->start_twilio(@{$opt{twilio}}) if $opt{twilio};
	$self->start_front(@{$opt{front}}) if $opt{front};
	$self->write_config;
	$self->listen;
	if ($opt{supervised}) {
		$self->start_supervised($opt{responders} // 2);
	} else {
		$self->start_responder for 1 .. $opt{responders} // 2;
	}
	if ($opt{nginx} // 1) {
		$self->start_nginx;
		$self->wait_ready if $opt{responders} // 2;
	}
	return $self;
}

# It is struck at the end, if not before.
sub keep {
	my ($self) = @_;

	push @standing, $self;
	weaken($standing[-1]);
}

# With its path, because multiwatch looks for none.
sub wrapper {
	my ($program, @rest) = split ' ', $ENV{FRONTLINE_TEST_WRAPPER} // ''
	    or return;
	my ($found) = grep { -x } map { "$_/$program" } split /:/, $ENV{PATH};

	return ($found // $program, @rest);
}

# PostgreSQL refuses to run as root, and the checkout may be out of reach of
# the user it runs as: everything is copied to where that user can read it.
sub build_directory {
	my ($self) = @_;
	my ($build, $source) = @ENV{qw(abs_top_builddir abs_top_srcdir)};

	$self->{user} = $> ? getpwuid $> : 'postgres';
	(undef, undef, $self->{uid}, $self->{gid}) = getpwnam $self->{user}
	    or Test::More::plan(skip_all => "no user $self->{user}");
	my $dir = $self->{dir} = File::Temp::tempdir('flXXXXXX',
	    DIR => scratch_base());
	chmod 0755, $dir;
	mkdir "$dir/$_" for qw(bin log nginx nginx/snippets run schema
	    schema/sample scratch secret temp tls);
	copy_all("$dir/bin", 0755, grep { -e }
	    map { "$build/$_" } qw(frontline-fcgi frontline-relay frontlinectl));
	copy_all("$dir/schema", 0644, glob "'$source/schema/'*.sql");
	copy_all("$dir/schema/sample", 0644,
	    glob "'$source/schema/sample/'*.sql");
	copy_all("$dir/nginx/snippets", 0644,
	    glob "'$source/nginx/'*.conf");
	copy_all("$dir/nginx", 0644, "$source/nginx/frontline.site");
	chown $self->{uid}, $self->{gid}, $dir,
	    map { "$dir/$_" } qw(log run secret temp tls) if !$>;
	chmod 0700, "$dir/secret";
	chdir $dir or die "$dir: $!";
}

sub copy_all {
	my ($to, $mode, @files) = @_;

	for (@files) {
		my ($name) = m{([^/]+)$};
		File::Copy::copy($_, "$to/$name") or die "$_: $!";
		chmod $mode, "$to/$name";
	}
}

# A file that the unprivileged user may read; secrets are theirs alone.
sub put {
	my ($self, $name, $text, $mode) = @_;
	my $file = "$self->{dir}/$name";

	Curl::put("$file.new", $text);
	chown $self->{uid}, $self->{gid}, "$file.new" if !$>;
	chmod $mode // 0644, "$file.new";
	rename "$file.new", $file or die "$file: $!";
	return $file;
}

sub slurp {
	my ($self, $name) = @_;

	open my $in, '<', "$self->{dir}/$name" or return '';
	local $/;
	return <$in> // '';
}

sub DESTROY {
	my ($self) = @_;

	return unless $self->{owner} == $$;
	local ($?, $@, $!);
	for ($self->strike) {
		$failed = 1;
		Test::More::diag("stage: $_");
	}
}

END {
	my $status = $?;

	# Before perl takes the parts of what still stands away in no order.
	for my $stage (grep { defined } @standing) {
		$stage->DESTROY;
	}
	$? = $status || $failed;
}

$SIG{INT} = $SIG{TERM} = sub { exit 130 };

1;
