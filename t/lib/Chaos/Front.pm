package Chaos::Front;
# The invariant of the bridge under the same fire, and more: texts of customers
# come in by Twilio's webhooks, replies of agents by Front's, both through nginx
# and responder processes that are killed, too; both peers fail in every way of
# their stand-ins, and what Front says to a message that it has changes on the
# way.
#
# Options beside those of Chaos, where jobs are texts: senders, channels (of
# Front, with a number each), turns (of what Front does with a message that comes
# twice).
use strict;
use warnings;
use Chaos::Faults qw(faults front_faults);
use Chaos::Front::Check;
use Chaos::Front::Work;
use Stage;
use parent -norequire, qw(Chaos::Front::Work Chaos::Front::Check);
use parent qw(Chaos);

# What Front may do with a message that it has.
my @duplicates = qw(202silent 202second 409);

sub defaults {
	return (senders => 60, channels => 4, deaths => 12, turns => 9,
	    enter_every => 1);
}

sub deeds {
	my ($self) = @_;

	return ($self->SUPER::deeds, turns => \&turn);
}

sub set_stage {
	my ($self) = @_;
	my @channels = 0 .. $self->{channels} - 1;
	my $stage = Stage->new(responders => 0, sample => 0,
	    twilio => ['--seed', $self->{seed}],
	    front => ['--seed', $self->{seed}, '--import-ms', 200,
	        map { ('--channel', channel_id($_)) } @channels],
	    pg_errors => [@Chaos::Webhooks::errors],
	    postgres => { max_connections => 60 });

	$stage->{numbers} = [map { s/\D//gr } Chaos::Front::Work::OURS,
	    Chaos::Front::Work::THEIRS];
	$stage->put('secret/channel', $stage->FRONT_SECRET . "\n", 0400);
	$stage->put("secret/path$_", path_token($stage, $_) . "\n", 0400)
	    for @channels;
	$stage->write_config(
		'limits.users_interval'    => 0,
		'limits.twilio_per_second' => 1000,
		'limits.front_per_minute'  => 10000,
		'limits.call_timeout_ms'   => Chaos::CALL * 1000,
		'front.first_response_tag' => '',
		map { channel_settings($stage, $_) } @channels);
	# Of the others' messages only the answer says that Front has them.
	$stage->front->control('POST', 'channels', { id => channel_id($_),
	    webhook => $_ ? undef : "$stage->{url}/front/" .
	    path_token($stage, $_) }) for @channels;
	$stage->front->set(auto_import => 1, tolerate_late => 1);
	return $stage;
}

sub channel_id { return "cha_$_[0]" }

sub path_token { return $_[0]->FRONT_PATH_TOKEN . "-$_[1]" }

sub channel_settings {
	my ($stage, $n) = @_;
	my %of = (
		mode            => 'app',
		channel_id      => channel_id($n),
		app_uid         => $stage->FRONT_APP_UID,
		secret_file     => "$stage->{dir}/secret/channel",
		path_token_file => "$stage->{dir}/secret/path$n",
		numbers         => Chaos::Front::Work::our_number($n),
	);

	return map { ("front.c$n.$_" => $of{$_}) } keys %of;
}

sub peers { return ($_[0]{stage}->twilio, $_[0]{stage}->front) }

sub script_faults {
	my ($self) = @_;
	my @how = (@{$self}{qw(faults times)}, $self->{jobs} / 2);

	$self->{stage}->twilio->script(faults('^/2010-04-01/', @how));
	$self->{stage}->front->script(front_faults('^/channels/', @how));
}

sub turn {
	my ($self) = @_;

	push @duplicates, shift @duplicates;
	$self->{stage}->front->set(dup => $duplicates[0]);
}

1;
