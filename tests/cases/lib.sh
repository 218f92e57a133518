# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
# What the cases share: two sites as two network namespaces, sitea and siteb, each with
# a data and a metadata device; volumes vola and volb on them; waiting and checking.
# Sourced by each case; runs in a test guest (see tests/qemu/run-cases), in a mount and
# pid namespace of its own.
#
# When a case ends well, lab_finish removes the volumes, checks both metadata areas with
# `mirsync check` and compares both disks; CHECK=no and COMPARE=no leave that out, CHECK=data
# also compares every valid code with the data. When it ends badly the state is shown.
#
# This file owns the sites and the volumes; lib-io.sh the reading and writing.
set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
MIRSYNC=$TOP/build/mirsync
LAB=/run/lab
PORT=7788

DATA_MIB=${DATA_MIB:-64}
META_MIB=${META_MIB:-4}
CHECK=${CHECK:-yes}
COMPARE=${COMPARE:-yes}

declare -A ADDRESS=([a]=10.77.0.1 [b]=10.77.0.2)
# The devices that a volume is created on; a case may put other dm targets on top.
declare -A DATA=() META=()
declare -A OTHER=([a]=b [b]=a)
# Where a site finds its peer, if that is not the peer's own address.
declare -A PEER=()

# In a guest a process costs what a thousand lines of bash do: what is called often makes none.
note()
{
	local up
	read -r up _ </proc/uptime
	echo "[$up] $*"
}

# figure TEXT: something measured, which the runner prints beside the case's name.
figure()
{
	note "$*"
	echo "figure: $*"
}

# limit SECONDS: how long to wait at most here for what takes at most so long elsewhere; in $(limit 60).
limit()
{
	echo $(($1 * ${MS_SLOW:-1}))
}

# timeout SECONDS COMMAND...: the program, with such a limit; whole seconds, and no options of its own.
timeout()
{
	[[ $1 =~ ^[0-9]+$ ]] || fail "timeout: $1"
	command timeout "$(limit "$1")" "${@:2}"
}

# nap SECONDS: sleep, by waiting for what never comes.
exec {NEVER}<> <(:)
nap()
{
	read -rt "$1" -u "$NEVER" || true
}

fail()
{
	note "FAILED: $*"
	exit 1
}

skip()
{
	note "skipped: $*"
	exit 77
}

site_a() { in_site a "$@"; }
site_b() { in_site b "$@"; }

# in_site SITE COMMAND...: run it in the network namespace of site a or b; in nothing else of
# the site's, such as the /sys that "ip netns exec" mounts.
in_site()
{
	local site=$1
	shift
	nsenter --net="/run/netns/site$site" "$@"
}

# Loop devices on files in memory: they know flush and discard, and the files can be
# compared whatever the page cache of the devices holds. They offer write-zeroes and then
# refuse it, as tmpfs cannot do it: whoever sends one has to cope. LOOP_OPTIONS may say
# --sector-size 4096.
lab_disk() # FILE MIB
{
	truncate -s "${2}M" "$LAB/$1"
	# shellcheck disable=SC2086 # options
	losetup --find --show ${LOOP_OPTIONS-} "$LAB/$1"
}

lab_sites()
{
	local site
	modprobe -a loop veth
	mkdir -p "$LAB"
	mount -t tmpfs -o size=80% lab "$LAB"
	for site in a b; do
		DATA[$site]=$(lab_disk "$site.data" "$DATA_MIB")
		META[$site]=$(lab_disk "$site.meta" "$META_MIB")
		ip netns add "site$site"
	done
	ip link add veth0 netns sitea type veth peer name veth0 netns siteb
	for site in a b; do
		ip -n "site$site" -batch - <<-END
		link set lo up
		address add ${ADDRESS[$site]}/24 dev veth0
		link set veth0 up
		END
	done
	trap lab_exit EXIT
	trap 'note "line $LINENO of ${BASH_SOURCE[0]##*/}: $BASH_COMMAND"' ERR
	set -E
}

# format_both [OPTION...]: fresh metadata for both sites.
format_both()
{
	local site
	for site in a b; do
		"$MIRSYNC" format --force "$@" "${META[$site]}" "${DATA[$site]}"
	done
}

# vol_table SITE ROLE [OPTION...]: the table line. Without "key" among the options,
# "noauth" is added.
vol_table()
{
	local site=$1 role=$2 other=${OTHER[$1]} options
	shift 2
	options=("$@")
	[[ " $* " == *" key "* || " $* " == *" key="* || " $* " == *" noauth "* ]] || options+=(noauth)
	echo "0 ${SECTORS:-$(blockdev --getsz "${DATA[$site]}")} mirsync $role" \
		"${DATA[$site]} ${META[$site]} ${ADDRESS[$site]}:$PORT ${PEER[$site]:-${ADDRESS[$other]}:$PORT}" \
		"${#options[@]} ${options[*]}"
}

# vol_create SITE ROLE [OPTION...]: the volume vola or volb.
vol_create()
{
	in_site "$1" dmsetup create "vol$1" --table "$(vol_table "$@")"
}

vol_exists()
{
	dmsetup info "vol$1" >/dev/null 2>&1
}

# vol_remove SITE...
vol_remove()
{
	local site
	for site in "$@"; do
		dmsetup remove --retry "vol$site"
	done
}

# msg SITE VERB...: a dm message.
msg()
{
	local volume=vol$1
	shift
	dmsetup message "$volume" 0 "$*"
}

# look_up SITE KEY: into $VALUE, from the status line "0 LEN mirsync ROLE LINK DISK SYNC k=v ...".
# KEY is role, link, disk, sync or one of the k.
look_up()
{
	local words word
	VALUE=
	read -ra words < <(dmsetup status --noflush "vol$1")
	case $2 in
	role) VALUE=${words[3]-} ;;
	link) VALUE=${words[4]-} ;;
	disk) VALUE=${words[5]-} ;;
	sync) VALUE=${words[6]-} ;;
	*)
		for word in "${words[@]:7}"; do
			if [ "${word%%=*}" = "$2" ]; then
				VALUE=${word#*=}
				return 0
			fi
		done
		note "no field $2 in: ${words[*]}" >&2
		return 1
		;;
	esac
}

# field SITE KEY: the same, printed.
field()
{
	look_up "$@" || return 1
	echo "$VALUE"
}

# wait_field SITE KEY PATTERN [SECONDS]: PATTERN is one of bash's, extglob included.
wait_field()
{
	local VALUE end
	end=$((SECONDS + $(limit "${4:-60}")))
	shopt -s extglob
	while :; do
		look_up "$1" "$2" || return 1
		# shellcheck disable=SC2053 # a pattern
		[[ $VALUE == $3 ]] && return 0
		[ "$SECONDS" -lt "$end" ] || break
		nap 0.1
	done
	note "vol$1: $2 is '$VALUE', not '$3'"
	return 1
}

# wait_insync [SITE [SECONDS]]: connected and nothing out of sync, as SITE (a) sees it.
wait_insync()
{
	wait_field "${1:-a}" sync in-sync "${2:-60}"
}

# wait_until COMMAND...: until it succeeds.
wait_until()
{
	local end
	end=$((SECONDS + $(limit 60)))
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || fail "in vain: $*"
		nap 0.2
	done
}

# change_table DEVICE TABLE: another table for a dm device that is in use, below a volume.
change_table()
{
	dmsetup reload "$1" --table "$2"
	dmsetup suspend --nolockfs "$1"
	dmsetup resume "$1"
}

# can_fail data|meta: puts a target dataa and datab, or metaa and metab, on top of those
# devices; "${GOOD[a]}" is its table, and with "${BAD[a]}" each write and flush fails.
declare -A GOOD=() BAD=()
can_fail()
{
	local site size
	local -n devices=${1^^}
	for site in a b; do
		size=$(blockdev --getsz "${devices[$site]}")
		GOOD[$site]="0 $size linear ${devices[$site]} 0"
		BAD[$site]="0 $size flakey ${devices[$site]} 0 0 3600 1 error_writes"
		dmsetup create "$1$site" --table "${GOOD[$site]}"
		devices["$site"]=/dev/mapper/$1$site
	done
}

cut_link()
{
	ip -n sitea link set veth0 down
}

heal_link()
{
	ip -n sitea link set veth0 up
}

# compare_disks: the data of both sites, byte for byte, below any volume.
compare_disks()
{
	local r=0
	sync
	if [ -e "$LAB/a.data" ]; then
		cmp "$LAB/a.data" "$LAB/b.data" || r=1
	else
		blockdev --flushbufs "${DATA[a]}" "${DATA[b]}"
		cmp "${DATA[a]}" "${DATA[b]}" || r=1
	fi
	[ "$r" = 0 ] || note "the disks differ"
	return "$r"
}

check_meta()
{
	local site data
	for site in a b; do
		data=()
		[ "$CHECK" != data ] || data=(--data "${DATA[$site]}")
		blockdev --flushbufs "${META[$site]}" "${DATA[$site]}"
		"$MIRSYNC" check "${META[$site]}" "${data[@]}" ||
			{ note "metadata of site $site"; return 1; }
	done
}

# log_mark: the kernel log of which kernel_log tells begins here; at first, where the case begins:
# the log of the guest goes on from case to case.
log_mark()
{
	LOG_MARK="mark $BASHPID $RANDOM"
	echo "$LOG_MARK" >/dev/kmsg
}

kernel_log()
{
	dmesg | sed "1,/$LOG_MARK/d"
}

# expect_fail COMMAND...: must fail and say why in one line; the line is in $REASON. What
# a dm target says of a table it refuses is in the kernel log, so that counts too.
expect_fail()
{
	local r=0 mark line
	mark="expect_fail $BASHPID $RANDOM"
	echo "$mark" >/dev/kmsg
	REASON=$("$@" 2>&1 >/dev/null) || r=$?
	REASON=${REASON%%$'\n'*}
	[ "$r" != 0 ] || fail "succeeded but should not: $*"
	[ "$r" -lt 126 ] || fail "status $r of: $*"
	case $1 in
	dmsetup | vol_create | in_site)
		line=$(dmesg | awk -v mark="$mark" 'index($0, mark) { line = "" }
			match($0, /mirsync: .*/) { line = substr($0, RSTART) } END { print line }')
		REASON=${line:-$REASON}
		;;
	esac
	[ -n "$REASON" ] || fail "no reason given by: $*"
	note "refused as it should be: $REASON"
}

lab_show()
{
	set +e
	trap - ERR
	note "--- state at the failure"
	dmsetup table
	timeout 5 dmsetup status --noflush
	dmsetup info -c
	in_site a ss -tn
	in_site b ss -tn
}

# What the case stacked below its volumes goes; udev may be looking at it.
none_left()
{
	dmsetup remove_all
	[[ $(dmsetup ls) == No\ devices* ]]
}

# The teardown of a case that succeeded; its failure is the case's.
lab_finish()
{
	local volumes=0 site formatted=0
	for site in a b; do
		if vol_exists "$site"; then
			volumes=$((volumes + 1))
		fi
	done
	[ "$volumes" != 2 ] || [ "$COMPARE" != yes ] || wait_insync a || wait_insync b
	for site in a b; do
		if vol_exists "$site"; then
			vol_remove "$site"
			formatted=1
		fi
	done
	[ "$formatted" = 0 ] || [ "$CHECK" = no ] || check_meta
	[ "$volumes" != 2 ] || [ "$COMPARE" != yes ] || compare_disks
	wait_until none_left
	for site in a b; do
		ip netns del "site$site"
	done
}

lab_exit()
{
	local r=$?
	trap - EXIT
	if [ "$r" = 0 ]; then
		# In a subshell, so that set -e holds.
		(lab_finish)
		r=$?
	fi
	if [ "$r" != 0 ] && [ "$r" != 77 ]; then
		lab_show
	fi
	exit "$r"
}

log_mark
