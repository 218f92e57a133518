#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Machines die at any instant under writes whose acknowledgements are kept outside: what lies
# on a dead machine's disks is never damaged (mirsync check), what was acknowledged is never
# lost, at no site, and the sites become equal again; so when A (primary) dies, when B dies,
# when both do, when B is promoted after it, when A dies once more while it recovers.
#   ROUNDS=3   how many rounds, of these kinds in turn; each further kernel begins two kinds later, so
#              that two of them have all        SEED=...    of the instants
#   KINDS="A both failover B again"
# scenario: 13
# where: machines
# stock: two machines that slow find too few instants; 026, 100 and 131 come up after power cuts there, too
# timeout: 2400
set -euo pipefail
. "$(dirname "$0")/../qemu/machines.sh"
# shellcheck disable=SC2034 # read by machines.sh
DATA_MIB=48 META_MIB=4 VM_MIB=768 VM_LIMIT=3000 BOOT_LIMIT=300

ROUNDS=${ROUNDS:-3}
SEED=${SEED:-$RANDOM}
MIRSYNC=$MACHINES_TOP/build/mirsync
STAMPS=$MACHINES_TOP/tests/cases/stamps.py
read -ra KINDS <<<"${KINDS:-A both failover B again}"
declare -A ROLE=([A]=primary [B]=secondary)

note() { echo "[$SECONDS] $*"; }

fail()
{
	local m state
	set +e
	trap - ERR
	note "FAILED: $*"
	for m in A B; do
		echo "--- $m: its machine and console:"
		cat "$OUT/$m.vm.log" "$OUT/$m/qemu.log" "$OUT/$m/job.log"
		tail -n 20 "$OUT/$m/console.log"
		# shellcheck disable=SC2016 # for the guest
		EXEC_LIMIT=60 vm_exec "$m" 'dmsetup status; dmesg | tail -n 30
			for p in /proc/[0-9]*; do
				s=$(cat $p/stack 2>/dev/null)
				case $s in *mirsync*) echo "$(<$p/comm): $s" ;; esac
			done' || true
	done
	# Once more in short, for who sees only the end.
	for m in A B; do
		state=$(EXEC_LIMIT=20 vm_exec "$m" 'dmsetup status | cut -d" " -f4-30; dmesg | tail -n 4' ||
			tail -qn 3 "$OUT/$m.vm.log" "$OUT/$m/qemu.log" "$OUT/$m/console.log")
		vm_alive "$m" || echo "FAILED: $m is dead"
		echo "FAILED: $m: ${state//$'\n'/$'\n'FAILED: $m: }"
	done
	note "FAILED: $*"
	vm_emulator_died && exit 123
	exit 1
}

# Any command that fails, most of them because a machine is not there any more. In a subshell
# it is told by its status.
unexpected() # LINE COMMAND
{
	[ "$BASHPID" = $$ ] || exit 1
	fail "line $1: $2"
}
set -E
trap 'unexpected "$LINENO" "$BASH_COMMAND"' ERR

# serve MACHINE: from booting to serving, as its role says.
serve()
{
	local m=$1 size=$((DATA_MIB * 2048))
	vm_wait "$m"
	vm_load_module "$m"
	vm_exec "$m" "dmsetup create vol --table '0 $size mirsync ${ROLE[$m]} /dev/vda /dev/vdb \
		${MACHINE_IP[$m]}:7788 ${MACHINE_IP[${MACHINE_PEER[$m]}]}:7788 3 noauth timeout 3000'"
}

# up MACHINE...: from dead to serving. Most of a round is boots: they go side by side, and
# without udevd, which the other cases have.
up()
{
	local m pid pids=()
	for m in "$@"; do
		vm_boot "$m" -U
	done
	for m in "$@"; do
		serve "$m" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || fail "a machine of $* does not come up"
	done
}

# cli MACHINE ARGUMENT...: mirsync there.
cli() { vm_exec "$1" "$MIRSYNC ${*:2}" || fail "$1: mirsync ${*:2}"; }

# With all the patience that a copy may need beside a load, on a machine that others slow down.
in_sync()
{
	local begin=$SECONDS
	EXEC_LIMIT=650 cli A wait vol in-sync --timeout 600
	[ $((SECONDS - begin)) -lt 30 ] || note "in sync after $((SECONDS - begin)) s"
}

# The machine's console is free of what no kernel should say.
kernel_well() # MACHINE
{
	! grep -E "$vm_complaints" "$OUT/$1/console.log" ||
		fail "the kernel of $1 complains"
}

# What its disks hold at the instant of death.
look_at() # MACHINE
{
	local r=0
	kernel_well "$1"
	"$MIRSYNC" check "$OUT/$1.meta" --data "$OUT/$1.data" || r=$?
	[ "$r" -le 1 ] || fail "the disks of $1: $r"
}

# Kept beyond the next life of the machine.
keep_acknowledged()
{
	cat "$(vm_stream A)" >>"$OUT/acknowledged"
}

acknowledged_is_at() # MACHINE...
{
	local m files=()
	for m in "$@"; do
		files+=("$OUT/$m.data")
	done
	"$STAMPS" verify "$OUT/acknowledged" "${files[@]}" || fail "acknowledged and lost at $*"
}

kill_machines()
{
	local m
	for m in "$@"; do
		vm_kill "$m"
	done
	keep_acknowledged
	for m in "$@"; do
		look_at "$m"
	done
}

# Up to that many hundredths of a second, by the seed.
pause() # HUNDREDTHS
{
	local n=$((RANDOM % $1))
	sleep "$((n / 100)).$(printf %02d $((n % 100)))"
}

load()
{
	local begin=$SECONDS size
	size=$(stat -c %s "$(vm_stream A)")
	vm_exec A "setsid $STAMPS write /dev/mapper/vol $1 >$guest_stream 2>/run/load.log </dev/null &"
	while [ "$(stat -c %s "$(vm_stream A)")" = "$size" ]; do
		[ $((SECONDS - begin)) -lt 120 ] || fail "no write ends: $(vm_exec A 'cat /run/load.log')"
		sleep 0.1
	done
}

round() # KIND
{
	case $1 in
	A | B)
		kill_machines "$1"
		pause 200
		up "$1"
		;;
	both)
		kill_machines A B
		up A B
		;;
	again)
		kill_machines A
		up A
		pause 200
		kill_machines A
		up A
		;;
	failover)
		kill_machines A
		# shellcheck disable=SC2016 # for the guest
		vm_exec B 'until dmsetup status vol | grep -q " connecting "; do sleep 0.1; done'
		cli B promote vol
		acknowledged_is_at B
		# Blocks that no thread of the load writes.
		# shellcheck disable=SC2016 # for the guest
		vm_exec B 'for i in {1..6}; do
			dd if=/dev/urandom of=/dev/mapper/vol bs=4k count=1 seek=$((i * 2048 - 1)) oflag=direct status=none
		done'
		up A
		cli B wait vol connected --timeout 60
		# A session that ends meanwhile, on machines that are slowed down, ends the command, not the copy.
		said=$(vm_exec B "$MIRSYNC failback vol --yes --switch") || {
			[[ $said == *"when the sites meet again"* ]] || fail "failback: $said"
			EXEC_LIMIT=650 cli B wait vol in-sync --timeout 600
			cli B switchover vol
		}
		;;
	esac
	in_sync
	# If A did not die its load goes on.
	vm_exec A 'pkill -KILL -f "[s]tamps.py write"; while pgrep -f "[s]tamps.py write" >/dev/null; do sleep 0.1; done' || true
	keep_acknowledged
	in_sync
}

# Of those that are tested with: which is this one?
kernel_number()
{
	local release n=0
	while read -r release _; do
		[ "$release" != "$KVER" ] || break
		n=$((n + 1))
	done < <("$MACHINES_TOP/scripts/kernels" --boot)
	echo "$n"
}

FIRST=$((2 * $(kernel_number)))
note "seed $SEED, rounds $ROUNDS"
RANDOM=$SEED
mkdir -p "$OUT"
rm -f "$OUT"/{A,B}.{data,meta} "$OUT/acknowledged"
vm_places
for m in A B; do
	truncate -s "${DATA_MIB}M" "$OUT/$m.data"
	truncate -s "${META_MIB}M" "$OUT/$m.meta"
	"$MIRSYNC" format --max-hot 16 "$OUT/$m.meta" "$OUT/$m.data"
done
up A B
in_sync
for ((i = 1; i <= ROUNDS; i++)); do
	kind=${KINDS[(FIRST + i - 1) % ${#KINDS[@]}]}
	load "$i"
	pause 300
	note "round $i, kind $kind: $(wc -l <"$(vm_stream A)") writes acknowledged"
	round "$kind"
	acknowledged_is_at A B
	cmp "$OUT/A.data" "$OUT/B.data" || fail "the disks differ"
done
for m in A B; do
	vm_exec "$m" 'dmsetup remove --retry vol'
	kernel_well "$m"
	"$MIRSYNC" check "$OUT/$m.meta" --data "$OUT/$m.data"
	vm_stop "$m"
done
