package Scratch;
# Where a test may put a cluster.
use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(scratch_base);

# Memory where it has room for clusters and may hold programs (in a container
# it often has and may not).  Short, because sockets lie below it.
sub scratch_base {
	my ($room) = qx(df -Pk /dev/shm 2>/dev/null) =~
	    /^\S+ +\d+ +\d+ +(\d+) .* \/dev\/shm$/m;
	my ($options) = qx(cat /proc/mounts) =~ m{^\S+ /dev/shm \S+ (\S+)}m;

	return ($room // 0) > 1_000_000 && ($options // 'noexec') !~ /noexec/
	    && -w '/dev/shm' ? '/dev/shm' : '/tmp';
}

1;
