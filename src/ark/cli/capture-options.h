/* The options of what reads a cluster: backups and clones. */
#pragma once

#include "base/options.h"

typedef struct {
    char *policies_file, *consistency;
    gint64 page_size;
} CaptureOptions;

/* Entries of a table of options: --resource-policies-file, --consistency, --page-size. member_: of type_, the struct
 * that the options of the command go to. */
#define CAPTURE_OPTIONS(type_, member_)                                                                           \
    {.name = "resource-policies-file",                                                                            \
     .kind = OPTION_STRING,                                                                                       \
     .offset = offsetof(type_, member_.policies_file),                                                            \
     .value = "FILE",                                                                                             \
     .complete = "file",                                                                                          \
     .help = "Resource policies: which kinds are read."},                                                         \
        {.name = "consistency",                                                                                   \
         .kind = OPTION_ENUM,                                                                                     \
         .offset = offsetof(type_, member_.consistency),                                                          \
         .values = cli_consistencies,                                                                             \
         .fallback = "revision",                                                                                  \
         .help = "revision: everything as it was at one instant; none: each kind when it is listed."},            \
    {                                                                                                             \
        .name = "page-size", .kind = OPTION_INT, .offset = offsetof(type_, member_.page_size), .fallback = "500", \
        .rare = true, .help = "Objects in one answer of the API server."                                          \
    }
extern const char *const cli_consistencies[];

/* Whether all is to be read at one revision. */
static inline bool cli_is_consistent(const CaptureOptions *options) {
    return g_strcmp0(options->consistency, "none") != 0;
}
