/* The options --limit-NAME of commands that read archives. */
#pragma once

#include "base/limit-options.h"

/* Offsets are of a Limits at the beginning of the command's struct. */
extern const Option limit_options[];
