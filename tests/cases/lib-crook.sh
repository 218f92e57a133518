# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2153
# A peer that breaks the rules: crook.py, played from one site against the other. Sourced by
# a case after lib.sh.

KEY=0123456789abcdef0123456789abcdef
AUTH=(key :32:logon:mirsync:crook)

# crook SITE COMMAND...: SITE is the one that is played; its volume must not be up.
crook()
{
	local site=$1 other=${OTHER[$1]}
	shift
	in_site "$site" timeout "$(limit 200)" python3 "$TOP/tests/cases/crook.py" "${ADDRESS[$site]}" "${ADDRESS[$other]}" \
		"$PORT" "$KEY" "$LAB/hello.$site" "$@"
}

# crook_hello SITE: keep what that site says of itself; its volume is up, the other's is not.
crook_hello()
{
	in_site "${OTHER[$1]}" timeout "$(limit 60)" python3 "$TOP/tests/cases/crook.py" "${ADDRESS[${OTHER[$1]}]}" \
		"${ADDRESS[$1]}" "$PORT" "$KEY" "$LAB/hello.$1" fetch || fail "no HELLO of $1"
}
