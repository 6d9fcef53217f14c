#!/usr/bin/perl
# frontlinectl queue: what the operator sees of the queue and does to it, as
# the role frontline_dba.
use strict;
use warnings;
use JSON::PP;
use Stage;
use Test::More;

my $stage = Stage->new(responders => 0, nginx => 0, sample => 0);
my $dir = $stage->{dir};
my $conf = $stage->write_config(
    'database.admin_conninfo' => $stage->conninfo('frontline_dba'));
my $names = 'conversations, front, lookups, twilio_messages, users';

sub queue {
	return $stage->ctl('-c', $conf, 'queue', @_);
}

# The number of a new job.
sub enqueue {
	my ($to, $key, $payload) = @_;

	return $stage->sql("SELECT job_id FROM frontline_queue.enqueue('$to',
	    '$key', gen_random_uuid()::text, 'participant.add',
	    '{\"text\": \"$payload\"}')");
}

# Gives up what can be claimed of a destination, as the relay does.
sub bury {
	my ($to, $why) = @_;

	$stage->sql("SELECT frontline_queue.finish('$to', key, seq, token,
	    'dead', NULL, '$why') FROM frontline_queue.claim('$to', 100)",
	    role => 'frontline_relay');
}

sub column {
	my ($sql) = @_;

	return join ' ', split /\n/, $stage->sql($sql);
}

# Nothing in it.
{
	my ($said, $status) = queue('show');
	my @lines = split /\n/, $said;

	is($status, 0, 'show ends well') or diag($said);
	is(scalar(@lines), 6, 'a heading and five destinations');
	is($lines[0], 'destination       pending  lanes    oldest  leased' .
	    '  uncertain  dead  paused', 'the heading');
	is($lines[1], 'conversations           0      0         -       0' .
	    '          0     0  no', 'a destination that rests');
	($said, $status) = queue('dead');
	is($said, "0 dead letters\n", 'no dead letters');
	($said, $status) = queue('dead', '--json');
	is_deeply(decode_json($said), [], 'as JSON');
	($said, $status) = queue('redrive', '--all');
	is("$status $said", "0 no dead letters\n", 'nothing to send again');
}

# Dead letters in two lanes, and work that waits.
my @jobs = map { enqueue('conversations', "lane$_", "secret$_") } 1 .. 3;
bury('conversations', "refused\e[31m\nby\x{7f}Twilio");
my ($other) = enqueue('users', 'ana', 'secret');
bury('users', 'too old');
enqueue('front', 'waits', 'secret') for 1, 2;
$stage->sql("UPDATE frontline_queue.job SET created_at = now() - interval '3 hours'
    WHERE destination_id = 3");
$stage->sql("SELECT frontline_queue.mark_wire('front', key, seq, token,
    gen_random_uuid(), '1 s') FROM frontline_queue.claim('front', 1)",
    role => 'frontline_relay');
{
	my ($said, $status) = queue('show');

	like($said, qr/^conversations +0 +0 +- +0 +0 +3 +no$/m, 'dead letters');
	like($said, qr/^front +2 +1 +3 h +1 +1 +0 +no$/m,
	    'two jobs in a lane, one in hand');
	($said, $status) = queue('show', '--json');
	my %of = map { $_->{destination} => $_ } @{decode_json($said)};
	is(join(' ', sort keys %of), $names =~ tr/,//dr, 'as JSON');
	is(join(' ', @{$of{front}}{qw(jobs_pending lanes_pending leased
	    uncertain dead)}), '2 1 1 1 0', 'its numbers');
	cmp_ok($of{front}{oldest_seconds}, '>=', 3 * 3600, 'its age');
	is($of{front}{paused_until}, undef, 'not paused');
	ok(!$of{front}{partition_missing}, 'and the house is kept');
}
{
	my ($said, $status) = queue('dead');

	is($status, 0, 'dead ends well') or diag($said);
	like($said, qr/^ +1  conversations     participant\.add +1 +\d+ s  refused/m,
	    'a letter');
	like($said, qr/^4 dead letters$/m, 'how many');
	like($said, qr/refused\\x1b\[31m\\x0aby\\x7fTwilio$/m,
	    'a terminal is not given control characters');
	unlike($said, qr/secret/, 'no payload unless it is asked for');
	($said) = queue('dead', '--destination', 'users');
	like($said, qr/^1 dead letter$/m, 'of one destination');
	unlike($said, qr/conversations/, 'and of no other');
	($said) = queue('dead', '--limit', 2);
	like($said, qr/^4 dead letters, the oldest 2 are shown/m, 'some of them');
	is(scalar(() = $said =~ /participant/g), 2, 'and no more');
	($said) = queue('dead', '--payload', '--destination', 'users');
	like($said, qr/^ +\{"text": "secret"\}$/m, 'with the payload');
	($said) = queue('dead', '--json', '--limit', 1);
	my ($letter) = @{decode_json($said)};
	is(join(' ', @$letter{qw(dead_id destination kind job_id attempts)}),
	    "1 conversations participant.add $jobs[0] 1", 'as JSON');
	like($letter->{buried_at}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
	    'since when');
	ok(!exists $letter->{payload}, 'without the payload');
	($said) = queue('dead', '--json', '--payload');
	is(decode_json($said)->[1]{payload}{text}, 'secret2', 'or with it');
}

# Sent again.
{
	my ($said, $status) = queue('redrive', 1, 77, 4);
	my ($new) = $said =~ /^1: job $jobs[0] goes again as job (\d+) \(conversations, participant\.add\)$/m;

	ok($new, 'redrive tells both jobs') or diag($said);
	like($said, qr/^frontlinectl: no dead letter 77$/m, 'and what is not there');
	like($said, qr/^4: job $other goes again as job \d+ \(users, /m,
	    'and goes on behind it');
	is($status, 1, 'with exit code 1');
	is(column("SELECT job_id FROM frontline_queue.job WHERE key = 'lane1'"),
	    $new, 'the job is in the queue');
	($said, $status) = queue('redrive', 1);
	is("$status $said", "0 1: job $jobs[0] was sent again already, as job " .
	    "$new (conversations, participant.add)\n", 'only once');
	($said) = queue('redrive', '--all', '--destination', 'users');
	is($said, "no dead letters\n", 'all of one destination');
	# The one that entered first was given up last.
	$stage->sql('UPDATE frontline_queue.dead SET job_id = 1000 - dead_id
	    WHERE dead_id IN (2, 3)');
	($said, $status) = queue('redrive', '--all');
	is(join(' ', $said =~ /^(\d+): job \d+ goes again/mg), '3 2',
	    'all that are left, in the order in which they entered');
	is($status, 0, 'and well');
	is(column('SELECT count(*) FROM frontline_queue.dead
	    WHERE redriven_at IS NULL'), 0, 'none waits');
	($said) = queue('dead');
	is($said, "0 dead letters\n", 'and none is shown');
}
bury('conversations', 'again');
{
	my ($said, $status) = queue('drop', 5, 78, 6);

	is($status, 1, 'drop: what is not there');
	is(scalar(() = $said =~ /^[56]: deleted \(it was job \d+\)$/mg), 2,
	    'what is, is deleted');
	is(column('SELECT dead_id FROM frontline_queue.dead
	    WHERE redriven_at IS NULL'), 7, 'and nothing else');
}

# Pauses.
{
	my ($said, $status) = queue('pause', 'conversations', '--for', 90,
	    '--why', 'the bill');

	is($status, 0, 'pause ends well') or diag($said);
	like($said, qr/^conversations: paused until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00: the bill\n\z/,
	    'until when and why');
	is(column("SELECT paused_seconds BETWEEN 30 AND 90 FROM
	    frontline_queue.health WHERE destination = 'conversations'"), 't',
	    'in seconds');
	($said) = queue('show');
	like($said, qr/^conversations .* until \d{4}-.*\+00: the bill$/m,
	    'show tells it');
	($said) = queue('show', '--json');
	is(decode_json($said)->[0]{pause_reason}, 'the bill', 'as JSON');
	($said) = queue('pause', 'conversations', '--why', 'less', '--for',
	    '5 s');
	like($said, qr/^conversations: a longer pause holds already, until .*: the bill$/m,
	    'a shorter pause shortens nothing');
	($said) = queue('pause', 'users', '--for', '2 hours', '--why', 'x');
	like($said, qr/^work that is older than 60 min by then is given up$/m,
	    'what a long one does');
	($said, $status) = queue('resume', 'conversations');
	is("$status $said", "0 conversations: resumed\n", 'resume');
	($said, $status) = queue('resume', 'conversations');
	is("$status $said", "0 conversations: was not paused\n", 'twice');
	($said) = queue('show');
	like($said, qr/^conversations .* no$/m, 'the pause is over');
	is(column("SELECT paused_seconds > 3600 FROM frontline_queue.health
	    WHERE destination = 'users'"), 't', 'and no other');
	$stage->sql("UPDATE frontline_queue.destination
	    SET paused_until = 'infinity' WHERE name = 'users'");
	($said, $status) = queue('show', '--json');
	is(scalar(@{decode_json($said)}), 5, 'a pause without an end is shown');
	($said, $status) = queue('show');
	like($said, qr/^users .* until 2\d{3}-.*: x$/m, 'also to people');
}

# What cannot be.
for (
	['pause', 'nowhere', '--for', 5, '--why', 'x'],
	['resume', 'nowhere'],
	['dead', '--destination', 'nowhere'],
	['redrive', '--all', '--destination', 'nowhere'],
) {
	my ($said, $status) = queue(@$_);

	is("$status $said", "1 frontlinectl: no destination 'nowhere'; there " .
	    "are $names\n", "@$_: the names that there are");
}
for (
	[[], qr/what\?/],
	[['dance'], qr/'dance' is none of/],
	[['show', 'x'], qr/no use for 'x'/],
	[['show', '--payload'], qr/--payload is of no use here/],
	[['show', '--nothing'], qr/try: /],
	[['dead', '--limit', 0], qr/--limit is no number/],
	[['dead', '--limit', '1e3'], qr/--limit is no number/],
	[['redrive'], qr/which\?/],
	[['redrive', 'x'], qr/'x' is no id/],
	[['redrive', '-1'], qr/try: /],
	[['redrive', '--all', '1'], qr/no use for '1'/],
	[['redrive', '1', '--destination', 'front'], qr/with --all only/],
	[['drop', '--all'], qr/--all is of no use here/],
	[['drop'], qr/which\?/],
	[['pause'], qr/one destination/],
	[['pause', 'front', 'users'], qr/one destination/],
	[['pause', 'front'], qr/needs --for and --why/],
	[['pause', 'front', '--for', 5], qr/needs --for and --why/],
	[['pause', 'front', '--for', 5, '--why', ' '], qr/--why is empty/],
	[['pause', 'front', '--for', 5, '--why', "a\nb"], qr/control character/],
	[['pause', 'front', '--for', 5, '--why', 'x' x 501], qr/500 characters/],
	[['resume'], qr/one destination/],
) {
	my ($arguments, $like) = @$_;
	my ($said, $status) = queue(@$arguments);

	is($status, 64, "queue @$arguments: 64");
	like($said, $like, '... and why');
	like($said, qr/^try: frontlinectl queue --help$/m, '... and where help is');
}

# The database judges these words.
$stage->{pg_errors} = [qr/invalid input syntax|out of range/];
for ('soon', '0', '-5 min', '9999999 years') {
	my ($said, $status) = queue('pause', 'front', "--for=$_", '--why', 'x');

	is($status, 64, "--for '$_': 64");
	like($said, qr/^frontlinectl: '\Q$_\E(?: seconds)?' is (?:neither|not above)/,
	    '... and why');
}
is(column("SELECT paused_until FROM frontline_queue.destination
    WHERE name = 'front'"), '-infinity', 'and nothing is paused');

# Who may, and no database.
{
	my ($said, $status) = $stage->ctl('-c', "$dir/none", 'queue', 'show',
	    '--database', $stage->conninfo('frontline_dba'));

	is($status, 0, '--database needs no settings');
	push @{$stage->{pg_errors}}, qr/permission denied/;
	($said, $status) = queue('resume', 'front', '--database',
	    $stage->conninfo('frontline_monitor'));
	is($status, 1, 'a role that may not');
	like($said, qr/^frontlinectl: .*permission denied.*\n\z/, 'is told so');
	($said, $status) = queue('show', '--database',
	    $stage->conninfo('frontline_monitor'));
	is($status, 0, 'but may look');
	($said, $status) = queue('show', '--database', "host=$dir/none");
	is($status, 69, 'no server: 69');
	like($said, qr/^frontlinectl: .*none.*\n\z/, 'and one line says so');
	($said, $status) = $stage->ctl('-c', "$dir/none", 'queue', 'show');
	is($status, 78, 'no settings: 78');
	($said, $status) = $stage->ctl('-c', "$dir/none", 'queue', '--help');
	is($status, 0, 'help needs none');
}
done_testing;
