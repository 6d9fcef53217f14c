#!/usr/bin/perl
# Reads from a standby: lists, details and templates are answered by it, all else
# by the primary, which also answers for a standby that is away, hangs, or does
# not know yet; nobody notices which of them it was.
use strict;
use warnings;
use List::Util qw(any);
use Stage;
use Test::More;

my $stage = Stage->new(responders => 0, pg_errors => [
	qr/canceling statement due to (?:lock|statement|conflict|user)/,
	qr/could not (?:receive|connect|send)/,
	qr/terminating walreceiver/,
]);

$stage->start_standby;
$stage->write_config('database.fcgi_read_conninfo' =>
    $stage->conninfo_of_both('frontline_fcgi', 'standby'));
$stage->start_responder for 1 .. 2;
$stage->wait_ready;

sub ready_says {
	my ($who) = @_;

	wait_until(sub {
		# Either responder process may answer.
		return 6 == grep { ($stage->health('/readyz')->{json}{reads}
		    // '') eq $who } 1 .. 6;
	}, "reads are answered by the $who", 20);
	pass("/readyz: reads are answered by the $who");
}

sub list {
	my $answer = $stage->post('GetCustomersList', { PageSize => 30 });

	is($answer->{status}, 200, 'the list is answered');
	return map { $_->{display_name} }
	    @{$answer->{json}{objects}{customers} // []};
}

sub details {
	my ($id, %more) = @_;

	return $stage->post('GetCustomerDetailsByCustomerId',
	    { CustomerId => $id, %more });
}

sub name_of {
	my ($answer) = @_;

	return $answer->{json}{objects}{customer}{display_name};
}

ready_says('standby');
is($stage->sql(q{SELECT count(*) > 0 FROM pg_stat_activity
    WHERE usename = 'frontline_fcgi'}), 't', 'the primary has connections');
wait_until(sub { $stage->standby_sql(q{SELECT count(*) FROM pg_stat_activity
    WHERE usename = 'frontline_fcgi'}) == 4 }, 'the standby has its own');
is(scalar(grep { /SQLSTATE|cannot/ } split /\n/,
    $stage->slurp('log/fcgi.log')), 0, 'the statements run on a standby');

sub stand_still {
	$stage->standby_sql('SELECT pg_wal_replay_pause()');
	wait_until(sub { $stage->standby_sql(
	    'SELECT pg_get_wal_replay_pause_state()') eq 'paused' },
	    'the standby stands still', 20);
}

sub locks_of_standby {
	return $stage->standby_sql(q(SELECT count(*) FROM pg_locks
	    WHERE mode = 'AccessExclusiveLock'
	    AND relation = 'frontline.customer'::regclass));
}

# A standby that stands still shows who answers.
my $dir = $stage->{dir};
my $worker = $stage->sql(q{SELECT worker_id FROM frontline.worker
    WHERE identity = '} . $stage->WORKER . q{'});
my ($id, $name) = split /\|/, $stage->sql(qq{SELECT customer_id, display_name
    FROM frontline.customer WHERE owner_id = $worker AND merged_into_id IS NULL
    ORDER BY customer_id LIMIT 1});
utf8::decode($name);
$stage->wait_replayed;
stand_still();
$stage->sql(qq{UPDATE frontline.customer SET display_name = 'Zoe Afterwards'
    WHERE customer_id = $id});
# One that needs longer than 850 ms is not waited for: not each time.
sub sooner_or_later {
	my ($what, $is) = @_;

	ok((any { $is->() } 1 .. 3), $what);
}
sooner_or_later('the list comes from the standby', sub {
	return !grep { $_ eq 'Zoe Afterwards' } list();
});
sooner_or_later('details come from the standby', sub {
	return name_of(details($id)) eq $name;
});
sooner_or_later('templates come from the standby', sub {
	my $templates = $stage->post('GetTemplatesByCustomerId',
	    { CustomerId => $id });

	is($templates->{status}, 200, 'templates are answered');
	return $templates->{body} !~ /Afterwards/;
});

# What it does not know, the primary is asked for.
my $new = $stage->sql(qq{INSERT INTO frontline.customer (display_name, owner_id)
    VALUES ('Nora Neuland', $worker) RETURNING customer_id});
is(name_of(details($new)), 'Nora Neuland',
    'a customer that only the primary knows is shown');
is($stage->post('GetTemplatesByCustomerId', { CustomerId => $new })->{status},
    200, 'and has templates');
$stage->sql(q{INSERT INTO frontline.worker (identity, friendly_name)
    VALUES ('new@example.com', 'New')});
is($stage->post('GetCustomersList', { Worker => 'new@example.com' })->{status},
    200, 'a worker that only the primary knows is let in');
my $nobody = details('999999999');
is($nobody->{status}, 404, 'a customer that nobody knows: 404');
is($nobody->{json}{error}{code}, 'unknown_customer', 'in our words');
is($stage->post('GetCustomersList', { Worker => 'x@example.com' })->{status},
    403, 'a worker that nobody knows: 403');

# Writes, and decisions that must be right, are the primary's.
my $sid = $stage->new_sid('CH');
my $event = $stage->webhook('onConversationAdded',
    { ConversationSid => $sid, ChatServiceSid => $stage->new_sid('IS'),
	State => 'active' });
is($stage->fetch_all($event)->{status}, 200, 'an event is taken');
is($stage->sql("SELECT count(*) FROM frontline.conversation
    WHERE conversation_sid = '$sid'"), 1, 'and is at the primary');
$stage->standby_sql('SELECT pg_wal_replay_resume()');
$stage->wait_replayed;
is(name_of(details($id)), 'Zoe Afterwards', 'the standby has caught up');

# A lock that the standby has taken over from the primary, and stands still with.
my $session = $stage->session;
print {$session} "BEGIN; LOCK TABLE frontline.customer;\n";
wait_until(sub {
	$stage->sql('SELECT pg_switch_wal()');
	return locks_of_standby();
}, 'the standby has the lock', 20);
stand_still();
$stage->end_session($session);
my $locked = details($id);
is(name_of($locked), 'Zoe Afterwards',
    'what is locked at the standby is read from the primary');
is(scalar(() = $stage->slurp('log/standby.log') =~ /due to lock timeout/g), 1,
    'after one attempt at the standby');
is($stage->health('/readyz')->{json}{reads}, 'standby',
    'and the standby goes on with the rest');
$stage->standby_sql('SELECT pg_wal_replay_resume()');
wait_until(sub { !locks_of_standby() }, 'the lock is gone', 20);

# Until each client of the load has had answers since.
sub wait_each_client {
	my %size = map { $_ => -s } glob "$dir/scratch/$$.load*.out";

	wait_until(sub { !grep { -s $_ <= $size{$_} + 200 } keys %size },
	    'each client has had answers', 20);
}

# A standby that hangs, ends and comes back under load.
for my $how (
	['hangs', sub { $_->{stopped} = [$stage->{standby},
	    Stage::Process::children($stage->{standby})];
	    kill 'STOP', @{$_->{stopped}} },
	    sub { kill 'CONT', @{$_->{stopped}} }],
	['is shut down', sub { $stage->stop_standby },
	    sub { $stage->resume_standby }],
	['crashes', sub { $stage->stop_standby('QUIT') },
	    sub { $stage->resume_standby }],
) {
	my ($what, $begin, $end) = @$how;
	my $refused = sub {
		my $load = $stage->load_with({ clients => 8 },
		    'GetCustomersList', { PageSize => 1 });
		my $more = sub {
			my $enough = $load->count + shift;

			wait_until(sub { $load->count > $enough },
			    'the load goes on');
		};
		local $_ = {};

		$more->(200);
		$begin->();
		wait_each_client();
		ready_says('primary');
		$end->();
		ready_says('standby');
		$more->(100);
		return @{($load->stop)[1]};
	};
	my @bad;

	# Half of a request's time is over when it is the primary's, and the
	# machine may have stood still for the other half: not each time.
	for (1 .. 3) {
		@bad = $refused->() or last;
	}
	is(scalar @bad, 0, "a standby $what: no request fails") or
	    diag(@bad[0 .. ($#bad < 5 ? $#bad : 5)]);
}

# One that answers, but slowly: who would wait for too long is served by the
# primary.
$stage->sql(q{ALTER FUNCTION frontline_api.get_links(text) RENAME TO links});
$stage->sql(q{CREATE FUNCTION frontline_api.get_links(p_customer_id text)
    RETURNS TABLE (type text, value text, display_name text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
    BEGIN
	PERFORM pg_sleep(0.4) WHERE pg_is_in_recovery();
	RETURN QUERY SELECT * FROM frontline_api.links(p_customer_id);
    END $$});
$stage->sql('GRANT EXECUTE ON FUNCTION frontline_api.get_links(text)
    TO frontline_fcgi');
$stage->wait_replayed;
sooner_or_later('a standby that is slow costs no request', sub {
	my @many = map { $stage->fastcgi } 1 .. 60;

	$_->send(FastCGI::request($stage->fastcgi_callback(
	    'GetCustomerDetailsByCustomerId', { CustomerId => $id }),
	    keep => 1)) for @many;
	return 60 == grep { ($_->read_response // {})->{status} == 200 } @many;
});
# Nobody waits for some of these any more, and they go on.
my $busy = q{SELECT count(*) FROM pg_stat_activity
    WHERE usename = 'frontline_fcgi' AND state = 'active'};
wait_until(sub { $stage->sql($busy) + $stage->standby_sql($busy) == 0 },
    'all statements are over');
$stage->sql('DROP FUNCTION frontline_api.get_links(text)');
$stage->sql(q{ALTER FUNCTION frontline_api.links(text) RENAME TO get_links});
$stage->wait_replayed;

# Without the primary reads go on, as long as nothing has to be asked of it.
$stage->stop_postgres;
is(name_of(details($id)), 'Zoe Afterwards',
    'without the primary the standby answers');
is(details('999999999')->{status}, 503,
    'what only the primary can say is 503 then');
$stage->start_postgres;
$stage->wait_database;
is($stage->post('GetProxyAddress', { CustomerId => $id,
    ChannelType => 'sms', ChannelValue => '+14155550100' })->{status}, 403,
    'all is well again');
done_testing;
