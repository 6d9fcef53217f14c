#!/usr/bin/perl
# /media/TOKEN: a file of an agent's, for as long as it is good, to whoever has
# its address; large ones too, and without a responder process waiting for slow
# readers.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use FastCGI;
use FrontRequest;
use IO::Handle;
use MIME::Base64 qw(encode_base64url);
use Socket;
use Stage;
use Test::More;

my $stage = Stage->new(responders => 0, pg_errors => [
	qr/canceling statement due to statement timeout/,
]);
$stage->write_config(front_settings($stage));
$stage->start_responder;
$stage->wait_ready;

my $answer = $stage->fetch_all(front_request($stage, reply_to()));
is($answer->{status}, 200, 'an agent replies');
my $text = $stage->sql('SELECT text_id FROM frontline.text_message');

sub keep {
	my ($index, $type, $bytes, $minutes) = @_;

	return $stage->sql("SELECT frontline.keep_media($text, $index,
	    'f$index', '$type', '" . encode_base64url($bytes) . "', $minutes)");
}

sub ask {
	my ($token, %how) = @_;

	return scalar $stage->fetch_all({ url => "$stage->{url}/media/$token",
		%how });
}

my $bytes = join '', map { chr } 0 .. 255, 10, 13, 0;
my $token = keep(0, 'image/png', $bytes, 60);

$answer = ask($token);
is($answer->{status}, 200, 'a picture: 200');
is($answer->{body}, $bytes, 'byte for byte');
is($answer->{headers}{'content-type'}, 'image/png', 'its type');
is($answer->{headers}{'content-length'}, length $bytes, 'its length');
is($answer->{headers}{'cache-control'}, 'private, no-store', 'not to be kept');
is($answer->{headers}{'x-content-type-options'}, 'nosniff', 'nor guessed at');
ok($answer->{headers}{'strict-transport-security'}, 'HSTS as everywhere');

$answer = $stage->raw_http("HEAD /media/$token HTTP/1.1\r\n" .
    "Host: localhost\r\n\r\n");
is($answer->{status}, 200, 'HEAD: 200');
is($answer->{body}, '', 'HEAD: no body');
is($answer->{headers}{'content-length'}, length $bytes, 'HEAD: its length');
is($answer->{headers}{'content-type'}, 'image/png', 'HEAD: its type');

# nginx would leave a body out; the responder process sends none.
{
	my $direct = $stage->fastcgi;
	my %params = (REQUEST_METHOD => 'HEAD', REQUEST_URI => "/media/$token",
		FRONTLINE_LISTENER => 'public');

	$direct->send(FastCGI::request(params => \%params, keep => 1));
	my $got = $direct->read_response;
	is($got->{status}, 200, 'HEAD of a responder process: 200');
	is($got->{headers}{'content-length'}, length $bytes, 'its length');
	is($got->{body}, '', 'and no body');
}

# The connection is kept after a HEAD: nothing of the body was left in it.
{
	my @answers = $stage->fetch_all({ url => "$stage->{url}/media/$token",
		options => ['head'] }, { url => "$stage->{url}/media/$token" });

	is($answers[1]{body}, $bytes, 'GET after HEAD');
}

# A type that is none, or that would make a page of ours.
for (['text/html', 'application/octet-stream'],
    ['image/jpeg', 'image/jpeg'],
    ['video/mp4', 'video/mp4'],
    ['text/vcard', 'text/vcard'],
    ["image/png\r\nX-Evil: 1", 'application/octet-stream']) {
	my ($given, $shown) = @$_;
	my $got = ask(keep(1, $given, 'x', 60));

	is($got->{headers}{'content-type'}, $shown, "shown as $shown");
	is($got->{headers}{'x-evil'}, undef, 'and no header more');
}

sub slow_client {
	my ($port) = @_;

	socket my $socket, PF_INET, SOCK_STREAM, 0 or die "socket: $!";
	setsockopt $socket, SOL_SOCKET, SO_RCVBUF, pack 'i', 4096;
	connect $socket, pack_sockaddr_in($port, INADDR_LOOPBACK)
	    or die "nginx: $!";
	$socket->autoflush;
	return $socket;
}

# The body of what is still to be read.
sub rest_of {
	my ($socket) = @_;

	local $/;
	my ($head, $body) = split /\r\n\r\n/, <$socket> // '', 2;
	return $body // '';
}

# As large as any that is sent; smaller where a program that runs slowly
# (valgrind) would not have read it when the statement's 700 ms are over.
{
	my $size = @{$stage->{wrapper}} ? 1_000_000 : 5_000_000;
	my $large = pack 'N*', map { $_ * 2654435761 % 4294967296 }
	    1 .. $size / 4;
	my $first = keep(2, 'image/jpeg', $large, 60);
	my $got;

	wait_until(sub { ($got = ask($first))->{status} == 200 }, 'a large one');
	is($got->{headers}{'content-length'}, $size, 'a large one: its length');
	is(sha256_hex($got->{body}), sha256_hex($large), 'byte for byte');

	# One responder process, and clients that ask and do not read: what
	# the kernel would take for them is less than the file.
	# One after the other: it is their reading that is slow, not the database.
	my @slow = map {
		my $client;

		wait_until(sub {
			my $seen = $stage->log_lines;

			$client = slow_client($stage->{raw_port});
			print {$client} "GET /media/$first HTTP/1.1\r\n" .
			    "Host: localhost\r\nConnection: close\r\n\r\n";
			wait_until(sub { $stage->log_lines > $seen }, 'a line');
			return ($stage->log_lines)[-1]{status} == 200;
		}, 'it is answered');
		$client;
	} 1 .. 4;
	is(ask($token)->{status}, 200, 'and so is who comes after them');
	# nginx gives up a responder process that it does not read from.
	is(join(' ', map { length rest_of($_) } @slow),
	    join(' ', ($size) x 4), 'all of them get it whole');
}

# 404, and nothing else, for whoever does not know.
my $over = keep(3, 'image/png', 'gone', 60);
$stage->sql("UPDATE frontline.text_media
    SET expires_at = now() - interval '1 second' WHERE token = '$over'");
for ([$over, 'its time is over'], ['x' x 43, 'an unknown token'],
    ['short', 'no token'], ["$token/x", 'more than a token'],
    ["$token%20", 'a token and a blank'], ['', 'none'],
    [substr($token, 0, -1), 'a token cut']) {
	my $got = ask($_->[0]);

	is($got->{status}, 404, "$_->[1]: 404");
	is($got->{headers}{'content-type'}, 'application/json', "$_->[1]: JSON");
}
{
	my $got = ask($token, method => 'POST', body => '');

	is($got->{status}, 405, 'POST: 405');
	is($got->{headers}{allow}, 'GET, HEAD', 'POST: what is allowed');
}
wait_until(sub { $stage->slurp('log/frontline.access.log') =~
	/route=media status=405/ }, 'nginx writes its log');
unlike($stage->slurp('log/fcgi.log') . $stage->slurp('log/frontline.access.log'),
    qr/\Q$token\E/, 'no log has a token');

done_testing;
