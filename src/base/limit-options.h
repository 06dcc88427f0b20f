/* The options --limit-NAME (limit.h), an entry of a table each: offset_ is that of the limit in the command's struct.
 */
#pragma once

#include "base/limit.h"
#include "base/options.h"

#define LIMIT_OPTION(name_, kind_, offset_, fallback_, help_)                                                 \
    {                                                                                                         \
        .name = (name_), .kind = (kind_), .offset = (offset_), .fallback = (fallback_), .configurable = true, \
        .rare = true, .help = (help_)                                                                         \
    }
#define LIMIT_OPTION_ARCHIVE_SIZE(offset_)                                                       \
    LIMIT_OPTION("limit-archive-size", OPTION_SIZE, offset_, G_STRINGIFY(LIMIT_ARCHIVE_GI) "Gi", \
                 "Refuse an archive that unpacks to more; 0, as with the other limits: any.")
#define LIMIT_OPTION_RATIO(offset_)                                            \
    LIMIT_OPTION("limit-ratio", OPTION_INT, offset_, G_STRINGIFY(LIMIT_RATIO), \
                 "Refuse what unpacks to more than so many times its size, from 32 MiB on.")
#define LIMIT_OPTION_ENTRIES(offset_)                                              \
    LIMIT_OPTION("limit-entries", OPTION_INT, offset_, G_STRINGIFY(LIMIT_ENTRIES), \
                 "Refuse an archive with more entries.")
#define LIMIT_OPTION_ENTRY_SIZE(offset_)                                                     \
    LIMIT_OPTION("limit-entry-size", OPTION_SIZE, offset_, G_STRINGIFY(LIMIT_ENTRY_MI) "Mi", \
                 "Refuse an archive with a larger entry.")
#define LIMIT_OPTION_PATH_LENGTH(offset_)                                                  \
    LIMIT_OPTION("limit-path-length", OPTION_INT, offset_, G_STRINGIFY(LIMIT_PATH_LENGTH), \
                 "Refuse an archive with a path of more bytes.")
/* help_: which files are meant. */
#define LIMIT_OPTION_FILE_SIZE(offset_, help_) \
    LIMIT_OPTION("limit-file-size", OPTION_SIZE, offset_, G_STRINGIFY(LIMIT_FILE_MI) "Mi", help_)
