# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Two machines, A and B, driven from the host: for what a namespace cannot do, such as
# dying. Sourced by the cases with the header "where: machines", by the demo and by the tests
# of crashes. They have a network card to each other (10.77.0.1 and .2) and two disks
# each, that outlive them: vda for data, vdb for metadata.
#
#   vm_boot A [VM_OPTION...]    begin to boot it (again, with the same disks)
#   vm_wait A                   returns when it answers
#   vm_start A [VM_OPTION...]   both
#   vm_exec A COMMAND           run it there, in bash; output and status are its own
#   vm_kill A                   the machine is dead at once: SIGKILL, nothing is flushed
#   vm_stop A                   end of the guest in good order
#   vm_alive A                  does its qemu run?
#   vm_emulator_died            did a machine end by the emulator's fault, as far as can be told, or without
#                               a word of its kernel? To be told by the exit status 123: the runner
#                               says so and begins anew, once
#   vm_stream A                 the name of the file with what the guest wrote to its port
#                               "stream" (guest_stream is the device's name in there)
#   vm_load_module A            dm-mirsync, with what it depends on
#   vm_cut, vm_heal             the link between them, at A's end
#
# OUT is the directory of it all, KVER the kernel; DATA_MIB (1024) and META_MIB (64) the
# disks' sizes; VM_LIMIT (900) the seconds after which a machine ends; EXEC_LIMIT (120) the
# same for a command. Machines still there when the script ends are killed.
#
# At most two guests run on one machine at a time (see vm). The first vm_boot waits for both
# places and keeps them until the script ends: two scripts that had one each would wait
# for one another, and a machine that was killed shall not queue for its next life.

MACHINES=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
MACHINES_TOP=$(cd "$MACHINES/../.." && pwd)
OUT=${OUT:-$MACHINES_TOP/build/vm/machines}
[ -n "${KVER-}" ] || read -r KVER < <("$MACHINES_TOP/scripts/kernels" --boot)

# What no kernel should say.
vm_complaints='BUG: |WARNING: |Oops|Call Trace|blocked for more|lockup|refcount_t'

declare -A MACHINE_PID=()
declare -A MACHINE_IP=([A]=10.77.0.1 [B]=10.77.0.2)
declare -A MACHINE_PEER=([A]=B [B]=A)

# Waits for both at once, behind whoever else needs both; who needs one never waits while
# it has one. The machines inherit the locks: a place is free when they are gone too.
vm_places()
{
	local places=/tmp/.mirsync-vm first second
	[ -z "${MACHINE_PLACES-}" ] || return 0
	MACHINE_PLACES=1
	exec 7>"$places.both" 8>"$places.0" 9>"$places.1"
	if ! flock -n 7 || ! flock -n 8 || ! flock -n 9; then
		echo "waiting until no other guests run on this machine" >&2
		flock 7
		flock 8 &
		first=$!
		flock 9 &
		second=$!
		wait "$first"
		wait "$second"
	fi
	exec 7>&-
}

vm_boot()
{
	local name=$1
	shift
	vm_places
	mkdir -p "$OUT/$name"
	rm -f "$OUT/$name"/{qemu.pid,agent.sock,stream}
	"$MACHINES/vm" -s -k "$KVER" -n "$name" -o "$OUT/$name" -t "${VM_LIMIT:-900}" \
		-m "${VM_MIB:-1536}" -c 1 -l "$name:${MACHINE_PEER[$name]}" -i "${MACHINE_IP[$name]}/24" \
		-d "$OUT/$name.data:${DATA_MIB:-1024}M" -d "$OUT/$name.meta:${META_MIB:-64}M" \
		"$@" -- tests/qemu/agent >"$OUT/$name.vm.log" 2>&1 </dev/null &
	MACHINE_PID[$name]=$!
}

vm_wait()
{
	local name=$1 end
	# Other guests may have to end first.
	while vm_alive "$name" && [ ! -e "$OUT/$name/qemu.pid" ]; do
		sleep 0.2
	done
	end=$((SECONDS + ${BOOT_LIMIT:-120}))
	while [ "$SECONDS" -lt "$end" ] && vm_alive "$name"; do
		if [ -S "$OUT/$name/agent.sock" ] &&
			[ "$(EXEC_LIMIT=30 vm_exec "$name" 'echo up' 2>/dev/null)" = up ]; then
			return 0
		fi
		sleep 0.2
	done
	echo "$name does not come up:" >&2
	tail -n 20 "$OUT/$name.vm.log" "$OUT/$name/console.log" >&2
	return 1
}

vm_start()
{
	vm_boot "$@"
	vm_wait "$1"
}

vm_alive()
{
	[ -n "${MACHINE_PID[$1]-}" ] && kill -0 "${MACHINE_PID[$1]}" 2>/dev/null
}

vm_emulator_died()
{
	local name r
	for name in "${!MACHINE_PID[@]}"; do
		vm_alive "$name" && continue
		r=0
		wait "${MACHINE_PID[$name]}" 2>/dev/null || r=$?
		if [ "$r" = 123 ] || { [ "$r" = 125 ] &&
			! grep -qE "$vm_complaints|panic" "$OUT/$name/console.log"; }; then
			echo "$name: the emulator died, or the guest without a word of its kernel (status $r)"
			cat "$OUT/$name.vm.log"
			return 0
		fi
	done
	return 1
}

vm_exec()
{
	vm_alive "$1" || return 125
	"$MACHINES/agent-call" "$OUT/$1/agent.sock" "${EXEC_LIMIT:-120}" "$2"
}

vm_kill()
{
	local pid
	vm_alive "$1" || return 0
	if pid=$(cat "$OUT/$1/qemu.pid" 2>/dev/null); then
		kill -KILL "$pid" 2>/dev/null || true
	else
		kill "${MACHINE_PID[$1]}" 2>/dev/null || true
	fi
	vm_gone "$1"
}

vm_gone()
{
	wait "${MACHINE_PID[$1]}" 2>/dev/null || true
	unset "MACHINE_PID[$1]"
	# The next life begins a new one. It may have died before it had one.
	cat "$OUT/$1/console.log" >>"$OUT/$1.console.log" 2>/dev/null || true
}

vm_stop()
{
	vm_alive "$1" || return 0
	vm_exec "$1" 'sync; pkill -f "[t]ests/qemu/agent"' || true
	vm_gone "$1"
}

vm_stream()
{
	echo "$OUT/$1/stream"
}

# To be used in a command of vm_exec: the device of the port "stream".
# shellcheck disable=SC2016 # for the guest's shell
# shellcheck disable=SC2034 # for those who source this
guest_stream='/dev/$(basename "$(dirname "$(grep -lx stream /sys/class/virtio-ports/*/name)")")'

vm_load_module()
{
	local module=$MACHINES_TOP/build/$KVER/dm-mirsync.ko
	vm_exec "$1" "d=\$(modinfo -F depends $module) && modprobe -a dm-mod \${d//,/ } && insmod $module"
}

vm_cut()
{
	vm_exec A 'ip link set eth0 down'
}

vm_heal()
{
	vm_exec A 'ip link set eth0 up'
}

machines_end()
{
	local name
	for name in "${!MACHINE_PID[@]}"; do
		vm_kill "$name"
	done
}
trap machines_end EXIT
trap 'exit 143' TERM INT HUP
