// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module parameter that switches on a fault; see shared/mutants.h. Empty but in
 * builds for tests.
 */
#include <linux/module.h>

#include "shared/mutants.h"

#ifdef MS_MUTANTS
int ms_mutant;
module_param_named(mutant, ms_mutant, int, 0444);
MODULE_PARM_DESC(mutant, "fault to switch on, for tests of the tests");
MODULE_INFO(mutants, "yes");
#endif
