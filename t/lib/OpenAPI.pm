package OpenAPI;
# Holds a request against an OpenAPI 3 document that is read where it lies.
#
#	my $api = OpenAPI->new($file);
#	is_deeply([$api->faults($entry)], [], 'a request as described');
#
# An entry is one of StandIn's ledger: {method, path, query, form, files,
# headers, body}.
use strict;
use warnings;
use B ();
use JSON::PP ();
use StandIn::Form qw(unescape);

sub new {
	my ($class, $file) = @_;

	open my $in, '<', $file or die "$file: $!\n";
	local $/;
	my $self = bless { document => JSON::PP->new->utf8->decode(<$in>) },
	    $class;
	for my $template (sort keys %{$self->{document}{paths}}) {
		my @names = $template =~ /\{([^}]+)\}/g;
		(my $regex = quotemeta $template) =~
		    s/\\\{.*?\\\}/([^\/]+)/g;

		push @{$self->{templates}}, { path => $template,
		    names => \@names, regex => qr/^$regex$/ };
	}
	# The more that is literal, the closer it fits.
	@{$self->{templates}} = sort { @{$a->{names}} <=> @{$b->{names}} }
	    @{$self->{templates}};
	return $self;
}

# A schema, or whatever is referred to.
sub resolve {
	my ($self, $thing) = @_;

	while (my $reference = $thing->{'$ref'}) {
		$thing = $self->{document};
		$thing = $thing->{$_} // die "$reference leads nowhere\n"
		    for map { s{~1}{/}gr =~ s{~0}{~}gr } split m{/},
		    $reference =~ s{^#/}{}r;
	}
	return $thing;
}

# The operation of a template, or undef.
sub operation {
	my ($self, $method, $template) = @_;

	return $self->{document}{paths}{$template}{lc $method};
}

# {in => {name => its description}} of an operation: path, query, header.
sub parameters {
	my ($self, $method, $template) = @_;
	my $path = $self->{document}{paths}{$template};
	my %found;

	for (map { $self->resolve($_) } @{$path->{parameters} // []},
	    @{$path->{lc $method}{parameters} // []}) {
		$found{$_->{in}}{$_->{name}} = $_;
	}
	return \%found;
}

# The schema of the form of an operation; undef where it takes none.
sub form_schema {
	my ($self, $method, $template) = @_;

	return $self->body_schema($method, $template,
	    'application/x-www-form-urlencoded');
}

# The schema of a body of a media type; undef where it takes none.
sub body_schema {
	my ($self, $method, $template, $type) = @_;
	my $body = $self->operation($method, $template)->{requestBody}
	    // return undef;
	my $content = $self->resolve($body)->{content}{$type} // return undef;

	return $self->resolve($content->{schema});
}

# An object's members and the names of those required: ({name => schema}, [name]).
sub members {
	my ($self, $schema) = @_;
	my (%members, @required);

	$schema = $self->resolve($schema);
	%members = %{$schema->{properties} // {}};
	@required = @{$schema->{required} // []};
	for (@{$schema->{allOf} // []}, @{$schema->{anyOf} // []}) {
		my ($more, $needed) = $self->members($_);

		%members = (%members, %$more);
		push @required, @$needed;
	}
	return (\%members, \@required);
}

sub answer_schema {
	my ($self, $method, $template, $status) = @_;
	my $answer = $self->operation($method, $template)->{responses}{$status};
	my $content = $answer ? $self->resolve($answer)->{content} : undef;

	return $content && $content->{'application/json'}{schema};
}

# The names that a success answers with, or undef where it answers nothing.
sub answer_names {
	my ($self, @which) = @_;
	my $schema = $self->answer_schema(@which) // return undef;

	return [sort keys %{($self->members($schema))[0]}];
}

# The names that a success must have.
sub required_names {
	my ($self, @which) = @_;
	my $schema = $self->answer_schema(@which) // return [];

	return [sort @{($self->members($schema))[1]}];
}

# Everything that is wrong with a request, as sentences.
sub faults {
	my ($self, $entry) = @_;
	my ($method, $path) = @{$entry}{qw(method path)};
	my (@faults, $found, %values);

	for my $template (@{$self->{templates}}) {
		my @values = $path =~ $template->{regex} or next;
		$found = $template->{path};
		next unless $self->operation($method, $found);
		@values{@{$template->{names}}} = map { my $value = unescape($_);
		    utf8::decode($value); $value } @values;
		last;
	}
	return "no path like $path" unless defined $found;
	my $operation = $self->operation($method, $found)
	    // return "$found takes no $method";
	my $known = $self->parameters($method, $found);
	push @faults, $self->part('path', $known->{path} // {},
	    [map { [$_ => $values{$_}] } sort keys %values], 1);
	push @faults, $self->part('query', $known->{query} // {},
	    $entry->{query}, 1);
	my %headers = map { lc $_ => $known->{header}{$_} }
	    keys %{$known->{header} // {}};
	push @faults, $self->part('header', \%headers,
	    [map { [$_ => $entry->{headers}{$_}] }
	    sort keys %{$entry->{headers}}], 0);
	push @faults, $self->body_faults($entry, $method, $found);
	return @faults;
}

sub body_faults {
	my ($self, $entry, $method, $template) = @_;
	my $has_body = length $entry->{body} || @{$entry->{files} // []}
	    || @{$entry->{form}};
	my $type = $entry->{headers}{'content-type'} // '';
	my ($bare) = $type =~ m{^([\w./+-]+)};
	my $request = $self->operation($method, $template)->{requestBody};

	return $has_body ? "$method $template takes no body" : ()
	    unless $request;
	$request = $self->resolve($request);
	my $schema = $self->body_schema($method, $template, lc($bare // ''));
	if (!$schema) {
		return $request->{required} ? 'the body is missing' : ()
		    unless $has_body || $request->{content}
		    {'application/x-www-form-urlencoded'};
		$schema = $self->form_schema($method, $template);
		return "Content-Type '$type' is no " . (join ' or ', map {
		    /form-urlencoded/ ? 'form' : $_ }
		    sort keys %{$request->{content}}) if $has_body || !$schema;
	}
	return $self->json_faults($entry, $schema)
	    if lc($bare // '') eq 'application/json';
	my ($members, $required) = $self->members($schema);
	my %required = map { $_ => 1 } @$required;
	my %known = map { $_ => { schema => $members->{$_},
	    required => $required{$_} } } keys %$members;
	return $self->part('form', \%known, [@{$entry->{form}},
	    map { [$_->{name}, $_->{filename}] } @{$entry->{files} // []}], 1);
}

sub json_faults {
	my ($self, $entry, $schema) = @_;
	my $data;

	return 'the body is no JSON' unless eval {
		$data = JSON::PP->new->utf8->allow_nonref
		    ->decode($entry->{body});
		1;
	};
	return $self->data_faults('body', $schema, $data);
}

# Decoded JSON against a schema; members that it does not have are faults, too.
sub data_faults {
	my ($self, $name, $schema, $data) = @_;
	my ($members, $required) = $self->members($schema);
	my $type;

	$schema = $self->resolve($schema);
	$type = $schema->{type} // (%$members ? 'object' : 'string');
	return $schema->{nullable} ? () : "$name is null" unless defined $data;
	if ($type eq 'array') {
		return "$name is no array" unless ref $data eq 'ARRAY';
		return map { $self->data_faults("${name}[$_]",
		    $schema->{items}, $data->[$_]) } 0 .. $#$data;
	}
	if ($type eq 'object') {
		return "$name is no object" unless ref $data eq 'HASH';
		return () unless %$members;
		return ((map { "$name.$_ is missing" } grep {
		    !exists $data->{$_} } @$required), map {
			$members->{$_} ? $self->data_faults("$name.$_",
			    $members->{$_}, $data->{$_})
			    : "$name.$_ is unknown";
		} sort keys %$data);
	}
	return "$name is no $type" if $type eq 'boolean'
	    ? !JSON::PP::is_bool($data) : ref $data
	    || ($type eq 'string') != !!is_text($data);
	return $self->value_faults($name, $schema,
	    ref $data ? $data ? 'true' : 'false' : $data);
}

# Whether a value of JSON was written as a text.
sub is_text {
	my ($value) = @_;

	return B::svref_2object(\$value)->FLAGS & B::SVf_POK;
}

# Pairs against what is known of one part of the request.
sub part {
	my ($self, $where, $known, $pairs, $is_closed) = @_;
	my (@faults, %values);

	push @{$values{$_->[0]}}, $_->[1] for @$pairs;
	for (sort keys %values) {
		if ($known->{$_}) {
			push @faults, map { "$where: $_" }
			    $self->value_faults($_, $known->{$_}{schema},
				@{$values{$_}});
		} elsif ($is_closed) {
			push @faults, "$where: $_ is unknown";
		}
	}
	push @faults, map { "$where: $_ is missing" } sort
	    grep { $known->{$_}{required} && !$values{$_} } keys %$known;
	return @faults;
}

my %type = (
	string  => qr/^/,
	integer => qr/^-?\d+$/,
	number  => qr/^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/,
	boolean => qr/^(?:true|false)$/,
);
my $day = qr/\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])/;
# Twilio's pages show dates where the description says date-time.
my %format = (
	'date-time'    => qr/^$day(?:T[0-2]\d:[0-5]\d:[0-6]\d(?:\.\d+)?
	    (?:Z|[-+]\d\d:\d\d))?$/x,
	uri            => qr{^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$},
	'phone-number' => qr/^./s,
	int64          => qr/^-?\d{1,19}$/,
);

sub value_faults {
	my ($self, $name, $schema, @values) = @_;

	$schema = $self->resolve($schema);
	if (($schema->{type} // '') eq 'array') {
		return map { $self->value_faults($name, $schema->{items}, $_) }
		    @values;
	}
	return "$name stands " . @values . ' times' if @values > 1;
	my $value = $values[0];
	return () if $schema->{nullable} && ($value eq 'null' || $value eq '');
	my $type = $schema->{type} // 'string';
	my $format = $format{$schema->{format} // ''};
	my $allowed = $schema->{enum};
	return "$name is no $type" if $value !~ ($type{$type} // qr/^/);
	my @faults;
	push @faults, "$name is no $schema->{format}"
	    if $format && $value !~ $format;
	push @faults, "$name is none of @$allowed"
	    if $allowed && !grep { $_ eq $value } @$allowed;
	push @faults, "$name is not like $schema->{pattern}"
	    if defined $schema->{pattern} && $value !~ /$schema->{pattern}/;
	push @faults, "$name is shorter than $schema->{minLength}"
	    if length $value < ($schema->{minLength} // 0);
	push @faults, "$name is longer than $schema->{maxLength}"
	    if length $value > ($schema->{maxLength} // length $value);
	push @faults, "$name is below $schema->{minimum}"
	    if defined $schema->{minimum} && $value < $schema->{minimum};
	push @faults, "$name is above $schema->{maximum}"
	    if defined $schema->{maximum} && $value > $schema->{maximum};
	return @faults;
}

1;
