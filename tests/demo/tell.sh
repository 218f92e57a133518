# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# How the demonstration tells its story: numbered steps with the seconds since the start,
# the commands that are typed at the sites, their output, what was measured. On a terminal
# with colours and with progress in place; without one, or with NO_COLOR set, plain lines.
# Everything is in $OUT/demo.log too. Sourced by tests/demo/run.
#
#   say TEXT             the next step        tell TEXT    one line of narration
#   on A COMMAND         types it at the site and shows the output; its failure ends the demo
#   quietly A COMMAND    runs it there; its output is in $SAID, shown only when it fails
#   busy TEXT A COMMAND  the same for what takes long: shows TEXT and the progress that the
#                        command writes to /run/vm/progress
#   result TEXT          something measured    good TEXT    a check that held
#   fail TEXT            ends the demo

STEPS=11
STEP=0
SAID=
TERMINAL=0
[ ! -t 1 ] || TERMINAL=1
BOLD='' DIM='' GREEN='' RED='' PLAIN=''
if [ "$TERMINAL" = 1 ] && [ -z "${NO_COLOR-}" ]; then
	BOLD=$'\e[1m' DIM=$'\e[2m' GREEN=$'\e[32m' RED=$'\e[31m' PLAIN=$'\e[m'
fi

begin_story()
{
	BEGIN=${EPOCHREALTIME/[.,]/}
	trap 'unexpected $LINENO "${BASH_SOURCE[0]}" "$BASH_COMMAND"' ERR
}

# Tenths of a second since the start, or since another such number.
tenths()
{
	echo $(((${EPOCHREALTIME/[.,]/} - BEGIN) / 100000 - ${1:-0}))
}

seconds() # TENTHS
{
	printf '%d.%d' $(($1 / 10)) $(($1 % 10))
}

mib() # BYTES
{
	printf '%d.%d MiB' $(($1 / 1048576)) $(($1 % 1048576 * 10 / 1048576))
}

# line COLOUR TEXT
line()
{
	printf '%s%s%s\n' "$1" "$2" "${1:+$PLAIN}"
	printf '%s\n' "$2" >>"$OUT/demo.log"
}

say()
{
	local text
	STEP=$((STEP + 1))
	printf -v text '== %2d/%d  %-66s [%6s s]' "$STEP" "$STEPS" "$*" "$(seconds "$(tenths)")"
	line '' ''
	line "$BOLD" "$text"
}

tell()
{
	line '' "   $*"
}

result()
{
	line "$BOLD" "   -> $*   [$(seconds "$(tenths)") s]"
}

good()
{
	line "$GREEN" "   ok: $*   [$(seconds "$(tenths)") s]"
}

fail()
{
	trap - ERR
	line "$RED" "DEMO FAILED in step $STEP after $(seconds "$(tenths)") s: $*" >&2
	echo "The logs are in $OUT." >&2
	exit 1
}

unexpected() # LINE FILE COMMAND
{
	fail "line $1 of ${2##*/}: $3"
}

show_output() # TEXT
{
	local text
	while IFS= read -r text; do
		line "$DIM" "     $text"
	done <<<"$1"
}

# The command at the site, with what it needs to find there.
at_site() # SITE COMMAND
{
	vm_exec "$1" "export PATH=$TOP/build:\$PATH LC_ALL=C.UTF-8; $2"
}

on()
{
	local site=$1 r=0
	shift
	line '' "   $site# $*"
	SAID=$(at_site "$site" "$*" 2>&1) || r=$?
	[ -z "$SAID" ] || show_output "$SAID"
	[ "$r" = 0 ] || fail "at $site, status $r: $*"
}

quietly()
{
	local site=$1 r=0
	shift
	SAID=$(at_site "$site" "$*" 2>&1) || r=$?
	[ "$r" = 0 ] || { show_output "$SAID"; fail "at $site, status $r: $*"; }
}

progress_of() # SITE: the last that its command wrote
{
	tail -n 1 "$OUT/$1/progress" 2>/dev/null || true
}

busy()
{
	local text=$1 site=$2 r=0 pid begin
	shift 2
	begin=$(tenths)
	rm -f "$OUT/$site/progress"
	{ at_site "$site" "$*" || exit; } >"$OUT/output" 2>&1 &
	pid=$!
	while [ "$TERMINAL" = 1 ] && kill -0 "$pid" 2>/dev/null; do
		printf '\r   %s: %s s  %s\e[K' "$text" "$(seconds "$(tenths "$begin")")" "$(progress_of "$site")"
		sleep 0.3
	done
	wait "$pid" || r=$?
	[ "$TERMINAL" = 0 ] || printf '\r\e[K'
	SAID=$(<"$OUT/output")
	[ "$r" = 0 ] || { show_output "$SAID"; fail "$text, at $site: status $r"; }
}

# snapshot SITE NAME: the kernel's counters now, in $OUT/SITE.NAME.json.
snapshot()
{
	at_site "$1" 'mirsync status home --json' >"$OUT/$1.$2.json" || fail "no status at $1"
}

# counter SITE NAME KEY: a number from a snapshot.
counter()
{
	sed -n 's/^ *"'"$3"'": *\([0-9]*\),*$/\1/p' "$OUT/$1.$2.json"
}

# grown SITE KEY FROM TO: by how much a counter grew between two snapshots.
grown()
{
	echo $(($(counter "$1" "$4" "$2") - $(counter "$1" "$3" "$2")))
}
