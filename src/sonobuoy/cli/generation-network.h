/* What options say to the plugin network. */
#pragma once

#include "sonobuoy/cli/generation.h"

/* Takes --peers, --egress and --host-ports over; USAGE names one that is wrong, or without that plugin means nothing.
 */
bool generation_read_network(const Generation *options, Generated *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Where the plugin runs and no --egress was given: what the cluster names is to be reached. What cannot be read is
 * said. */
void generation_name_egress(const Generation *options, Generated *out);
