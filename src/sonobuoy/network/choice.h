/* Which others a node probes: so that each node is probed by about as many as it probes itself, though no node knows
 * more than a part of them. Pure functions of names. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Of `count` names, sorted, those that `own` probes: at most `wanted` indexes into `out`, none its own; returns how
 * many. Where `own` is among them all nodes that choose so are chosen equally often; else it begins somewhere by its
 * name. */
guint choice_of_names(const char *own, const char *const *names, guint count, guint wanted, guint *out);

/* Of `count` EndpointSlices, which one is read at the attempt (0, 1, ...). */
guint choice_of_slice(const char *own, guint count, guint attempt);
/* Whether a slice that has so few endpoints of all that it might have (up to 100) is to do: the fewer, the rarer, so
 * that those in a small slice are not probed by more than others. */
bool choice_takes_slice(const char *own, guint attempt, guint endpoints);
