// SPDX-License-Identifier: GPL-2.0-only
/*
 * The definitions of the tracepoints in trace.h; nothing else.
 */
#define CREATE_TRACE_POINTS
#include "engine/trace.h"
