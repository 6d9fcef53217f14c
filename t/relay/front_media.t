#!/usr/bin/perl
# front.message with pictures: all of them are there, from nobody but Twilio's
# hosts, with credentials for the first alone; and no picture holds the text.
use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));
use Bridge;
use Digest::SHA qw(sha256_hex);
use Stage;
use StandIn::Client;
use Test::More;

my $stage = bridge();
my $twilio = $stage->twilio;
my $elsewhere = StandIn::Client->start('twilio');
my $account = $stage->ACCOUNT;
my $jpeg = "\xff\xd8\xff\xe0" . join '', map { chr($_ % 256) } 1 .. 70_000;

# A text with pictures; returns the message in Front.
sub arrives {
	my ($name, $pattern, %text) = @_;
	my $text = text_in($stage, %text);

	like(wait_job($stage, 'front.message', $text), $pattern, $name);
	return (lines_of($stage))[-1];
}

sub downloads { return grep { $_->{path} =~ m{/Media/ME|^/ME} } $stage->ledger }

$stage->start_relay;

# ---- each with its bytes and its type
my ($sid, @urls) = picture($stage, 'Look', ['image/jpeg', $jpeg],
    ['image/png', PNG . "\0\r\n--x"], ['text/plain', "and\n<this> \xc3\xbc\xff"],
    ['application/x-odd', 'odd']);
my $line = arrives('pictures are handed over', qr/^sent\|\w+\|1$/,
    sid => $sid, body => 'Look', media => \@urls);
is($line->{body}, 'Look<br>and<br>&lt;this&gt; ü�',
    'text that came as a file is text');
my @files = @{$line->{attachments}};
is_deeply([map { $_->{filename} } @files], ["$sid-0.jpg", "$sid-1.png",
    "$sid-3"], 'files have names');
is_deeply([map { $_->{content_type} } @files],
    [qw(image/jpeg image/png application/x-odd)], 'and types');
is_deeply([map { $_->{sha256} } @files], [map { sha256_hex($_) } $jpeg,
    PNG . "\0\r\n--x", 'odd'], 'and every byte');
my ($post) = grep { $_->{path} =~ /inbound_messages/ } $stage->front_ledger;
is_deeply($post->{invalid}, [], 'by the book');
is_deeply([map { $_->{auth} } grep { $_->{listener} eq 'api' } downloads()],
    [('right') x 4], 'Twilio is asked with credentials');
is_deeply([map { $_->{auth} } grep { $_->{listener} eq 'download' }
    downloads()], [('none') x 4], 'and where it sends us, without');

($sid, @urls) = picture($stage, 'Read', ['text/plain', '<' x 20_000]);
$line = arrives('a long text', qr/^sent/, sid => $sid, body => 'Read',
    media => \@urls);
is(length($line->{body}) . ' ' . scalar @{$line->{attachments}}, '4 1',
    'that came as a file is one');

($sid, @urls) = picture($stage, '', ['image/png', PNG]);
is(arrives('a picture alone', qr/^sent/, sid => $sid, body => '',
    media => \@urls)->{body}, '(picture)', 'says that it is one');

# ---- a post with files is lost: it is built again
$stage->front->script({ path => 'inbound_messages', action => 'close',
    when => 'before' });
($sid, @urls) = picture($stage, '', ['image/jpeg', $jpeg]);
$line = arrives('a post that is lost is repeated', qr/^sent\|\w+\|2$/,
    sid => $sid, body => 'again', media => \@urls);
is($line->{attachments}[0]{sha256}, sha256_hex($jpeg), 'with every byte');
$stage->front->script({ path => 'inbound_messages', action => 'error',
    status => 413 });
($sid, @urls) = picture($stage, '', ['image/png', PNG]);
$line = arrives('one that is too large', qr/^sent/, sid => $sid,
    body => 'big', media => \@urls);
is($line->{body}, 'big<br>(A file of this message could not be fetched.)',
    'comes without its files, and says so');

# ---- not now
($sid, @urls) = picture($stage, '', ['image/png', PNG]);
$twilio->script({ path => '/Media/', action => 'error', status => 404,
    code => 20404, times => 2 });
$line = arrives('a picture that is not there yet', qr/^sent\|\w+\|3$/,
    sid => $sid, body => 'soon', media => \@urls);
is(scalar @{$line->{attachments}}, 1, 'is waited for');
for (['never comes', '/Media/', action => 'error', status => 503],
    ['breaks off', '^/', action => 'cut']) {
	my ($name, $path, %rule) = @$_;

	($sid, @urls) = picture($stage, '', ['image/png', PNG], ['image/gif',
	    'GIF89a']);
	$twilio->script({ path => $path . substr($urls[0], -34), %rule,
	    times => 4 });
	$line = arrives("a picture that $name", qr/^sent\|\w+\|4$/,
	    sid => $sid, body => 'hello', media => \@urls);
	is($line->{body},
	    'hello<br>(A file of this message could not be fetched.)',
	    'is left out, and the text says so');
	is(scalar @{$line->{attachments}}, 1, 'the other one is there');
}

# ---- never
($sid, @urls) = picture($stage, '', ['image/jpeg', \5_600_000]);
$line = arrives('a picture of 5.6 MB', qr/^sent\|\w+\|1$/, sid => $sid,
    body => 'huge', media => \@urls);
is(scalar @{$line->{attachments}}, 0, 'is left out at once');
($sid, @urls) = picture($stage, '', ['image/png', PNG]);
$twilio->script({ path => '^/ME', action => 'endless' });
$line = arrives('one without an end', qr/^sent\|\w+\|1$/, sid => $sid,
    body => 'endless', media => \@urls);
is(scalar @{$line->{attachments}}, 0, 'too');

my ($mm) = map { "MM$_" } 'e' x 32;
my $me = 'ME' . 'e' x 32;
my $path = "/2010-04-01/Accounts/$account/Messages/$mm/Media/$me";
my $before = downloads();
$line = arrives('addresses that are no picture of the message', qr/^sent/,
    sid => $mm, body => 'odd', media => [
	$elsewhere->url . $path, $elsewhere->url . '/secret',
	"http://169.254.169.254$path", 'file:///etc/passwd',
	$stage->twilio_url . $path =~ s/$account/AC00000000000000000000000000000000/r,
	$stage->twilio_url . "$path/../../x" ]);
is($line->{body}, 'odd<br>(Files of this message could not be fetched.)',
    'are left out');
is(scalar downloads(), $before, 'Twilio is not asked for them');

$twilio->script(map { { path => '/Media/', action => 'redirect', url => $_ } }
    $elsewhere->url =~ s/127\.0\.0\.1/localhost/r . '/x',
    'ftp://127.0.0.1/x');
for (1, 2) {
	my ($sid, @urls) = picture($stage, '', ['image/png', PNG]);

	$line = arrives("a redirect elsewhere $_", qr/^sent\|\w+\|1$/,
	    sid => $sid, body => 'redirect', media => \@urls);
	is(scalar @{$line->{attachments}}, 0, 'is not followed');
}
is(scalar $stage->relay_said(qr/is not fetched: the redirect leads elsewhere/),
    1, 'the log says why');
is_deeply([$elsewhere->ledger], [], 'no other host was asked for anything');
is_deeply([map { @{$_->{invalid}} } $stage->ledger], [],
    'no credentials went to the second host');
done_testing;
