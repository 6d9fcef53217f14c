package Chaos::Webhooks;
# What comes in by webhooks, through nginx and responder processes, which are
# killed, too.  One that gets no 200 comes again; others come twice anyway.
#
# What is to come in is a hash with a `name` of its own, and `accepted` (how
# often) once it was.  A form of Chaos has
#
#	request_of($thing)	its request, as for Curl::fetch()
#	next_things($until)	which may come now, at most BATCH of them
#	take_accepted($thing)	is called once for each
#	is_all_in()		is called by enter_all()
use strict;
use warnings;
use Chaos::Client;
use List::Util qw(max shuffle sum0);
use Stage;

# Webhooks of one curl, and the least when a process is to be killed meanwhile.
use constant { BATCH => 100, AT_LEAST => 40 };

# What may be answered while processes are killed and the database is away.
my %is_usual = map { $_ => 1 } qw(000 429 502 503 504);

# What PostgreSQL says at an immediate end, and to a request that came too late
# for it.
our @errors = (qr/terminating connection/,
    qr/canceling statement due to (?:lock|statement) timeout/);

sub begin_webhooks {
	my ($self) = @_;
	my $stage = $self->{stage};

	$self->{client} = Chaos::Client->new($stage);
	@{$self}{qw(entered again sent)} = (0, 0, 0);
	$self->{accepted} = [];
	$self->{refused} = {};
	$stage->start_responder for 1 .. $self->{responders};
	$stage->wait_ready;
}

# Where these are fewer than `least`, old ones come again.
sub send_some {
	my ($self, $least, $until) = @_;
	my $accepted = $self->{accepted};
	my @things = $self->next_things($until);

	push @things, grep { rand() < 0.1 } @things;
	push @things, map { $accepted->[rand @$accepted] }
	    1 .. max($least - @things, rand() < 0.5 ? 3 : 0)
	    if @$accepted && ($least || @things);
	return unless @things;
	$self->{things}{$_->{name}} = $_ for @things;
	$self->{client}->begin(map { [$_->{name}, $self->request_of($_)] }
	    shuffle @things);
	$self->{sent} += @things;
}

sub take_answers {
	my ($self) = @_;
	my $client = $self->{client};

	return if !$client->{pid} || $client->is_busy;
	for ($client->answers) {
		my ($name, $status) = @$_;
		my $thing = $self->{things}{$name};

		if ($status != 200) {
			$self->{refused}{$status}++;
			push @{$self->{wrong}}, "webhook $name: $status"
			    unless $is_usual{$status};
		} elsif ($thing->{accepted}++) {
			$self->{again}++;
		} else {
			push @{$self->{accepted}}, $thing;
			$self->take_accepted($thing);
		}
	}
}

# Those that are due come, beside what else is done.
sub post {
	my ($self, $least, $until) = @_;

	$self->take_answers;
	$self->send_some($least, $until) unless $self->{client}{pid};
}

# All that is left, now that nobody is killed.
sub enter_all {
	my ($self) = @_;

	$self->enter($self->{jobs});
	wait_until(sub {
		$self->post(0, $self->{jobs});
		return !$self->{client}{pid} && $self->is_all_in;
	}, 'webhooks are accepted', 120);
	$self->{stage}->wait_database;
}

# Webhooks are under way: the first of them has been answered.
sub keep_busy {
	my ($self) = @_;
	my $log = "$self->{stage}{dir}/log/fcgi.log";
	my $size = -s $log;

	$self->post(AT_LEAST, $self->{entered} + AT_LEAST / 2);
	eval { wait_until(sub { -s $log > $size }, 'an answer', 1) };
	select undef, undef, undef, rand 0.01;
}

# Until one of those that are under way, or that come now, is refused; whether
# any was is a figure.
sub wait_refusal {
	my ($self) = @_;
	my $before = sum0(values %{$self->{refused}});

	eval {
		wait_until(sub {
			$self->post(AT_LEAST, $self->{entered} + AT_LEAST / 2);
			return sum0(values %{$self->{refused}}) > $before;
		}, 'a webhook is refused', 10);
	};
}

sub kill_responder {
	my ($self) = @_;
	my $stage = $self->{stage};
	my @pids = @{$stage->{responders}};
	my $pid = $pids[rand @pids];

	$self->keep_busy;
	my $status = $stage->end_responder($pid, 'KILL', 20);
	die "responder process $pid ended with " . ($status // 'nothing') . "\n"
	    if ($status // 0) != 128 + 9;
	$stage->start_responder;
}

sub webhook_figures {
	my ($self) = @_;

	# nginx asks another responder process where one dies on it.
	my $cut = () = $self->{stage}->slurp('log/frontline.access.log')
	    =~ /upstream=50[24]/g;
	return (webhooks => $self->{sent}, 'webhooks cut off' => $cut,
	    'webhooks refused' => sum0(values %{$self->{refused}}),
	    map { ("webhooks with $_" => $self->{refused}{$_}) }
		keys %{$self->{refused}});
}

1;
