# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Reading and writing for the cases: fio with direct I/O and verification, checksums of
# ranges, counters of the disks below, LVM on one of them. Sourced by a case after lib.sh.

# fio_run FILE RW [OPTION...]: libaio, O_DIRECT, blocks of 4k, verified by crc32c.
fio_run()
{
	local file=$1 rw=$2
	shift 2
	fio --name="case-$rw" --filename="$file" --rw="$rw" --ioengine=libaio --direct=1 \
		--bs=4k --iodepth=16 --randseed=7 --verify=crc32c --verify_fatal=1 \
		--verify_state_save=0 --output-format=terse --terse-version=3 "$@" >"$LAB/fio.$rw.out" ||
		{ cat "$LAB/fio.$rw.out"; return 1; }
}

# fio_write FILE [OPTION...]: random writes, read back and verified.
fio_write()
{
	local file=$1
	shift
	fio_run "$file" randwrite --size="${DATA_MIB}m" --io_size=8m "$@"
}

# fio_load_start FILE [OPTION...]: random writes in the background until fio_load_stop;
# returns when some have ended.
fio_load_start()
{
	local file=$1 before end
	end=$((SECONDS + $(limit 60)))
	shift
	before=$(disk_sectors "$file" write)
	fio_run "$file" randwrite --size="${DATA_MIB}m" --time_based --runtime=3600 \
		--do_verify=0 "$@" &
	FIO_LOAD=$!
	while [ "$(disk_sectors "$file" write)" = "$before" ]; do
		[ "$SECONDS" -lt "$end" ] || fail "the load does not begin"
		nap 0.2
	done
	nap 0.5
}

fio_load_stop()
{
	local children
	kill -0 "$FIO_LOAD" || { wait "$FIO_LOAD"; fail "the load ended by itself"; }
	children=$(pgrep -P "$FIO_LOAD" fio || true)
	# shellcheck disable=SC2086 # a list
	kill -INT ${children:-$FIO_LOAD}
	wait "$FIO_LOAD" || true
}

# put FILE OFFSET_KIB KIB [SEED]: writes repeatable bytes there, direct and durable, 64 KiB
# at a time if they are so many.
put()
{
	local kib=64
	while [ $(($3 % kib)) != 0 ]; do
		kib=$((kib / 2))
	done
	head -c "$(($3 * 1024))" < <(pattern "${4:-1}") |
		dd of="$1" bs="${kib}k" seek="$(($2 * 1024))" iflag=fullblock \
			oflag=direct,seek_bytes conv=notrunc,fsync status=none
}

# pattern SEED: endless repeatable bytes that differ from block to block.
pattern()
{
	openssl enc -aes-128-ctr -nosalt -pass "pass:$1" -pbkdf2 -iter 1 </dev/zero 2>/dev/null || true
}

# sum FILE OFFSET_KIB KIB: a checksum of what is there.
sum()
{
	dd if="$1" bs=4k skip="$(($2 / 4))" count="$(($3 / 4))" iflag=direct status=none |
		sha256sum | cut -d' ' -f1
}

# disk_sectors DEVICE read|write: sectors that the block layer counted, as of now.
disk_sectors()
{
	local stat
	read -ra stat <"/sys/class/block/$(basename "$(realpath "$1")")/stat"
	case $2 in
	read) echo "${stat[2]}" ;;
	write) echo "${stat[6]}" ;;
	esac
}

# scsi_disk MIB: a disk in memory that can have medium errors; its name is in $SCSI_DISK.
scsi_disk()
{
	local dir=/sys/bus/pseudo/drivers/scsi_debug/adapter0 end
	end=$((SECONDS + $(limit 30)))
	modprobe sd_mod
	# That of an earlier case, of another size perhaps; udev may be looking at it.
	[ ! -d /sys/module/scsi_debug ] || wait_until modprobe -r scsi_debug
	modprobe scsi_debug dev_size_mb="$1" delay=0
	until SCSI_DISK=$(echo "$dir"/host*/target*/*/block/*) && SCSI_DISK=/dev/${SCSI_DISK##*/} &&
		[ -b "$SCSI_DISK" ]; do
		[ "$SECONDS" -lt "$end" ] || fail "no disk of scsi_debug"
		nap 0.2
	done
}

# medium_errors SECTOR COUNT: from now on these sectors of the disk, and no others, cannot
# be read, though written, whatever was written; COUNT 0: none.
medium_errors()
{
	local to=/sys/module/scsi_debug/parameters
	echo "$1" >"$to/medium_error_start"
	echo "$2" >"$to/medium_error_count"
	echo "$(($2 ? 2 : 0))" >"$to/opts"
}

# scsi_metadata: both sites' metadata on such a disk, from the sectors in "${offset[SITE]}" on.
declare -A offset=([a]=0 [b]=8192)
scsi_metadata()
{
	local site
	scsi_disk 32
	medium_errors 0 0
	for site in a b; do
		dmsetup create "meta$site" --table "0 8192 linear $SCSI_DISK ${offset[$site]}"
		# shellcheck disable=SC2034 # read by lib.sh
		META["$site"]=/dev/mapper/meta$site
	done
}

# Of the metadata only the block used last is in memory at each site: a kernel 6.1 counts requests that it
# has no more blocks for against the next ones, unless it is to retain something.
hardly_cached()
{
	local retain bufio=/sys/module/dm_bufio/parameters
	for retain in 4096 0; do
		echo "$retain" >"$bufio/retain_bytes"
		echo 2 >/proc/sys/vm/drop_caches
		nap 0.1
	done
	[ "$(<$bufio/current_allocated_bytes)" -le 8192 ]
}

# lvm_here DEVICE: LVM knows of no other, and keeps no files of its own.
lvm_here()
{
	export LVM_SYSTEM_DIR=$LAB/lvm LVM_SUPPRESS_FD_WARNINGS=1
	mkdir "$LVM_SYSTEM_DIR"
	cat >"$LVM_SYSTEM_DIR/lvm.conf" <<-END
	devices { use_devicesfile = 0 global_filter = [ "a|^$1\$|", "r|.*|" ] }
	backup { backup = 0 archive = 0 }
	END
}
