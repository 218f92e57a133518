# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The CLI with configuration files, one directory for each site. Sourced by a case after
# lib.sh.

# conf SITE ROLE AUTH: the configuration of vola or volb.
conf()
{
	mkdir -p "$LAB/conf$1"
	cat >"$LAB/conf$1/vol$1.conf" <<-END
	data = ${DATA[$1]}
	meta = ${META[$1]}
	role = $2
	local = ${ADDRESS[$1]}:$PORT
	peer = ${ADDRESS[${OTHER[$1]}]}:$PORT
	auth = $3
	timeout = 8000
	END
}

# cli SITE ARGUMENT...: mirsync at that site; errors go to $LAB/error too.
cli()
{
	local site=$1 r=0
	shift
	note "site $site: mirsync $*"
	in_site "$site" "$MIRSYNC" --config-dir "$LAB/conf$site" "$@" 2>"$LAB/error" || r=$?
	cat "$LAB/error"
	return "$r"
}

# gives STATUS PATTERN cli SITE ARGUMENT...: exits so, and says so in one line of error;
# with an empty pattern it says nothing.
gives()
{
	local want=$1 pattern=$2 r=0 said
	shift 2
	"$@" || r=$?
	[ "$r" = "$want" ] || fail "status $r, not $want: $*"
	said=$(<"$LAB/error")
	if [ -z "$pattern" ]; then
		[ -z "$said" ] || fail "said '$said'"
	else
		# shellcheck disable=SC2053 # a pattern
		[[ $said == mirsync:\ $pattern && $said != *$'\n'* ]] || fail "'$said' is not like '$pattern'"
	fi
}
