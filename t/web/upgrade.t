#!/usr/bin/perl
# A new program meets the schema of the release before, as it does between the
# installation of a package and `frontlinectl migrate`: what was there before is
# served, and the rest as soon as the schema has it.
use strict;
use warnings;
use Stage;
use Test::More;

my $stage = Stage->new(responders => 1, pg_errors => [
	qr/function frontline_api\.get_media\(.*\) does not exist/,
	qr/schema "frontline_api" does not exist/,
]);

sub status_of {
	my ($what) = @_;

	return $stage->fetch_all({ url => "$stage->{url}$what" })->{status};
}

sub replace_process {
	$stage->end_responder($stage->{responders}[0], 'TERM');
	$stage->start_responder;
	$stage->wait_ready;
}

$stage->sql('ALTER FUNCTION frontline_api.get_media RENAME TO later');
replace_process();
is($stage->post('GetCustomersList')->{status}, 200,
    'a list from an older schema');
is(status_of('/media/' . 'x' x 43), 503, 'what it does not have waits');
my $log = $stage->slurp('log/fcgi.log');
is(scalar(() = $log =~ /older than this program: 1 statements fail/g), 1,
    'the log tells it once');

$stage->sql('ALTER FUNCTION frontline_api.later RENAME TO get_media');
is(status_of('/media/' . 'x' x 43), 404,
    'after the migration it is there, with the same process');
is($stage->post('GetCustomersList')->{status}, 200, 'as is the list');

# No schema at all is no older one.
$stage->sql('ALTER SCHEMA frontline_api RENAME TO later');
$stage->end_responder($stage->{responders}[0], 'TERM');
$stage->start_responder;
wait_until(sub {
	$stage->slurp('log/fcgi.log') =~
	    /database: away: the schema knows no statement \(is it migrated\?\)/;
}, 'a schema that is missing is an outage');
is($stage->health('/readyz')->{status}, 503, 'the service is not ready');
$stage->sql('ALTER SCHEMA later RENAME TO frontline_api');
wait_until(sub { $stage->post('GetCustomersList')->{status} == 200 },
    'it is as soon as the schema is there', 20);

done_testing;
