#!/usr/bin/perl
# Server time of each question of the contract, as PostgreSQL runs it for frontline_fcgi (generic plans, no JIT), at many
# customers: once all owned by one worker, once spread over a hundred.
#
#   PERL5LIB=t/lib perl t/bench/sql.pl [customers]          default 100000; the median and the worst of 40 calls, in ms
use strict;
use warnings;
use utf8;
use Db;

binmode STDOUT, ':encoding(UTF-8)';
my $customers = shift // 100000;
open my $fh, '<:encoding(UTF-8)', Db::top() . '/schema/sample/bulk.sql' or die;
my $bulk = do { local $/; <$fh> };

my $db = Db->new;
my (%result, @order);
for my $workers (1, 100) {
	my $name = "bench$workers";
	my %in = (db => $name);
	$db->create($name);
	$db->migrate(%in);
	$db->sql("SET frontline.bulk = '$customers'; SET frontline.bulk_workers = '$workers'; $bulk", %in);
	$db->sql("INSERT INTO frontline.proxy_address (address) SELECT '+1500555' || lpad(i::text, 4, '0') FROM generate_series(1, 50) i", %in);
	$db->sql("INSERT INTO frontline.team (name) VALUES ('All'); INSERT INTO frontline.worker (identity) VALUES ('member');
		INSERT INTO frontline.team_worker SELECT 1, worker_id FROM frontline.worker WHERE identity = 'member'", %in);
	$db->sql('VACUUM ANALYZE', %in);
	$db->hang_up;
	$db->sql('SET plan_cache_mode = force_generic_plan; SET jit = off', %in);
	$db->sql(<<'SQL', %in);
CREATE FUNCTION pg_temp.bench(p_call text, OUT median numeric, OUT worst numeric) LANGUAGE plpgsql AS $$
DECLARE
  began timestamptz;
  took  numeric[];
BEGIN
  EXECUTE 'PREPARE bench AS SELECT count(*) FROM frontline_api.' || p_call;
  FOR i IN 1 .. 46 LOOP
    began := clock_timestamp();
    EXECUTE 'EXECUTE bench';
    IF i > 6 THEN took := took || (1000 * extract(epoch FROM clock_timestamp() - began)); END IF;
  END LOOP;
  DEALLOCATE bench;
  SELECT round((percentile_cont(0.5) WITHIN GROUP (ORDER BY t))::numeric, 3), round(max(t), 3) INTO median, worst FROM unnest(took) t;
END $$;
SQL
	my $worker = 'bulk1@example.com';
	my ($row) = $db->rows("SELECT c.sort_name, c.customer_id, h.value FROM frontline.customer c JOIN frontline.worker w ON w.worker_id = c.owner_id JOIN frontline.channel h USING (customer_id)
		WHERE w.identity = '$worker' AND h.type = 'sms' ORDER BY 1, 2 OFFSET least(30000, $customers / $workers * 9 / 10) LIMIT 1", %in);
	my ($sort, $id, $number) = @$row;
	my $digits = $number =~ s/\D//gr;
	my $list = sub { my ($query, $masking, $after) = @_;
		return sprintf "get_customers_list('%s', 31, %s, NULL, %s, %s)", $worker, $after // 'NULL, NULL', defined $query ? "'$query'" : 'NULL', $masking ? 'true' : 'false' };
	my @calls = (
		[ 'worker' => "get_worker('$worker')" ],
		[ 'details' => "get_customer('$worker', '$id', true)" ], [ 'channels' => "get_channels('$id')" ], [ 'links' => "get_links('$id')" ],
		[ 'proxy address, 50 numbers' => "get_proxy_address('$worker', '$id', 'sms', '$number', true)" ],
		[ 'templates, none' => "get_templates('$worker', '$id')" ], [ 'customer by address' => "customer_by_address('$number')" ],
		[ 'list, page 1' => $list->() ], [ 'list, page ' . ($workers == 1 ? 1000 : 30) => $list->(undef, 0, "'$sort', '$id'") ], [ 'list, by anchor' => "get_customers_list('$worker', 31, NULL, NULL, '$id', NULL, false)" ],
		[ 'search: rare name' => $list->('Quackenbush') ], [ 'search: common 3 letters' => $list->('mar') ], [ 'search: one letter' => $list->('a') ],
		[ 'search: nobody, 3 letters' => $list->('qqq') ], [ 'search: nobody, a word' => $list->('zzyzx') ], [ 'search: late in the alphabet' => $list->('victor') ],
		[ 'search: a name in a hundred' => $list->('田中') ], [ 'search: nobody, 2 letters' => $list->('qq') ], [ 'search: nobody, 1 letter' => $list->('^') ],
		[ 'search: last 4 digits' => $list->(substr $digits, -4) ], [ 'search: whole number' => $list->($number) ], [ 'search: no such number' => $list->('0619999999') ],
		[ 'search, masked: +44 70' => $list->('+44 70', 1) ], [ 'search, masked: last 4 digits' => $list->(substr($digits, -4), 1) ], [ 'search, masked: whole number' => $list->($number, 1) ],
	);
	for my $call (@calls) {
		my ($what, $sql) = @$call;
		(my $key = $what) =~ s/page \d+0$/deep page/;
		push @order, $key unless $result{$key};
		$sql =~ s/'/''/g;
		($result{$key}{$workers}) = $db->rows("SELECT * FROM pg_temp.bench('$sql')", %in);
	}
}
printf "%-34s %22s %22s\n%-34s %11s %10s %11s %10s\n", "$customers customers, ms", 'all of one worker', 'of a hundred', '', 'median', 'worst', 'median', 'worst';
printf "%-34s %11s %10s %11s %10s\n", $_, map { @{ $result{$_}{1} }, @{ $result{$_}{100} } } $_ for @order;
