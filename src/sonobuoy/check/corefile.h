/* CoreDNS's configuration: server blocks, and the plugins in each.
 * Source: coredns.io/manual/configuration, "Corefile". */
#pragma once

#include "base/error.h"

typedef struct {
    GPtrArray *zones;   /* char *: "cluster.local:53", ".", "(snippet)" */
    GPtrArray *plugins; /* GStrv: name and arguments; what is in a plugin's braces is not kept */
} CorefileBlock;

/* Of a text that may be anything: INVALID says where braces do not match; LIMIT for more than a cluster's DNS has.
 * g_ptr_array_unref() the CorefileBlocks. */
GPtrArray *corefile_parse(const char *text, size_t length, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The first of that name in a block; NULL. */
char *const *corefile_plugin(const CorefileBlock *block, const char *name);
/* The port after the last colon of an address, ":9153" or "localhost:9153"; 0 for none. */
unsigned corefile_port(const char *address);
