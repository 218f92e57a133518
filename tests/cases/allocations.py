#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Where a kernel module asks for memory.

  allocations.py MODULE.ko BASE

Prints the return address of each call in its text of a function of the kernel's that may
allocate, as it is with the text at BASE, and the names of caller and callee.
"""
import bisect
import re
import subprocess
import sys

MAY_ALLOCATE = re.compile(
    r"_*(k[vmz]*alloc|kmem|kstrdup|v?memdup|v[mz]alloc|get_free_pages|alloc_percpu|alloc_workqueue|"
    r"mempool_(init|alloc)|bioset_init|bio_alloc|crypto_alloc|crypto_shash_setkey|sock_create|"
    r"kernel_(bind|listen|connect|accept)|kthread_create|dm_get_device|debugfs_create|xa_insert|"
    r"dm_bufio_(client_create|new|read|prefetch)|kobject_uevent)(?!_to_page)")


def lines(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def main():
    module, base = sys.argv[1], int(sys.argv[2], 16)
    functions = []
    for line in lines("objdump", "-t", "-j", ".text", module):
        found = re.match(r"([0-9a-f]{16}) .* F \.text\s+[0-9a-f]+ (\S+)$", line)
        if found:
            functions.append((int(found.group(1), 16), found.group(2)))
    functions.sort()
    for line in lines("objdump", "-r", "-j", ".text", module):
        found = re.match(r"([0-9a-f]{16}) R_X86_64_(?:PLT|PC)32\s+(\w+)-0x0*4$", line)
        if found and MAY_ALLOCATE.match(found.group(2)):
            back = int(found.group(1), 16) + 4
            caller = functions[bisect.bisect_right(functions, (back, "\xff")) - 1][1]
            print("0x%x %s %s" % (base + back, caller, found.group(2)))


main()
