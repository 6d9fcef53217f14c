#!/usr/bin/perl
# layers.t -- which folder may know which (src/README), which file may know a
# foreign library, and where SQL stands.
use strict;
use warnings;
use File::Find;
use Test::More;

my $src = "$ENV{abs_top_srcdir}/src";

# Every folder of src/ and those that it may include.
my %may = (
	base  => [],
	text  => [qw(base)],
	core  => [qw(base text)],
	io    => [qw(base text)],
	store => [qw(base text core io)],
	peer  => [qw(base text core)],
	web   => [qw(base text core io store peer)],
	relay => [qw(base text core io store peer)],
	admin => [qw(base text core io store peer)],
);

# A foreign header, and the files that may know it.
my @foreign = (
	[qr{^(libpq-fe\.h|postgres|pg_)}, qr{^io/db\w*\.c$}],
	[qr{^(fcgi|fcgiapp|fcgi_\w+)\.h$}, qr{^io/fcgi\.c$}],
	[qr{^curl/},                      qr{^io/http\.c$}],
	[qr{^jansson\.h$},                qr{^(web|relay|admin|peer)/}],
	[qr{^openssl/},                   qr{^text/crypto\.c$}],
	[qr{^ini\.h$},                    qr{^base/conf\.c$}],
	[qr{^sys/epoll\.h$},              qr{^(io|web|relay)/}],
	[qr{^(sys/socket|netdb|netinet/\w+|sys/un)\.h$}, qr{^(io|web)/}],
	[qr{^(pthread|threads)\.h$},      qr{^$}],
	[qr{^sys/(mman|file)\.h$},       qr{^io/shared_file\.c$}],
	[qr{^poll\.h$},                  qr{^base/clock\.c$}],
	[qr{^stdatomic\.h$},             qr{^core/metrics\.c$}],
	[qr{^(syslog|systemd/.*)\.h$},    qr{^relay/watchdog\.c$}],
);
my @known = qw(
	libpq-fe.h fcgiapp.h curl/curl.h jansson.h openssl/core_names.h openssl/crypto.h
	openssl/evp.h openssl/params.h ini.h dirent.h errno.h fcntl.h getopt.h pwd.h signal.h
	ctype.h inttypes.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h strings.h time.h unistd.h
	arpa/inet.h netinet/in.h netinet/tcp.h poll.h sys/epoll.h sys/file.h sys/mman.h sys/random.h sys/resource.h sys/signalfd.h sys/socket.h sys/stat.h
	sys/types.h systemd/sd-daemon.h
);
my %known = map { $_ => 1 } @known;

my $sql = qr{"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH|BEGIN|COMMIT|ROLLBACK|SET|LOCK|CALL|DO
	|CREATE|ALTER|DROP|GRANT|LISTEN|NOTIFY|TRUNCATE|COPY|SAVEPOINT)(?:\s|["';(])}x;
my (@upward, @foreigners, @sql, @order, %seen);

sub look_at {
	my ($path) = @_;
	(my $file = $path) =~ s{^\Q$src\E/}{};
	my ($here) = $file =~ m{^([^/]+)/};
	my $first;

	$seen{$here}++;
	open my $in, '<', $path or die "$path: $!\n";
	while (<$in>) {
		if (/^\s*#\s*include\s+"([^"]+)"/) {
			my $there = $1;
			my ($floor) = split m{/}, $there;

			$first //= $there;
			push @upward, "$file:$.: $here/ may not know $there"
			    unless -f "$src/$there"
			    && grep { $_ eq $floor } $here, @{$may{$here} // []};
		} elsif (/^\s*#\s*include\s+<([^>]+)>/) {
			my $header = $1;

			$first //= $header;
			push @foreigners, "$file:$.: $header is a stranger; put it into the list"
			    unless $known{$header};
			for (@foreign) {
				my ($which, $where) = @$_;
				push @foreigners, "$file:$.: $header belongs elsewhere"
				    if $header =~ $which && $file !~ $where;
			}
		}
		# HTTP has a word in common with it
		s/"DELETE"(?=[),;])//g;
		push @sql, "$file:$.: SQL outside store/" if $here ne 'store' && $_ =~ $sql;
	}
	(my $own = $file) =~ s/\.c$/.h/;
	push @order, "$file: its own header comes first"
	    if $file =~ /\.c$/ && -f "$src/$own" && ($first // '') ne $own;
}

find({
	no_chdir => 1,
	wanted   => sub { look_at($_) if /\.[ch]$/ },
}, $src);

is_deeply([sort keys %seen], [sort keys %may], 'every folder of src/ has its place');
is(join("\n", @upward), '', 'no file knows what stands above it or beside it');
is(join("\n", @foreigners), '', 'a library is known where it belongs');
is(join("\n", @sql), '', 'SQL stands in store/');
is(join("\n", @order), '', 'a file includes its own header first');
done_testing;
