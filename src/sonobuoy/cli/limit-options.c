#include "sonobuoy/cli/limit-options.h"

const Option limit_options[] = {
    LIMIT_OPTION_ARCHIVE_SIZE(offsetof(Limits, archive_size)),
    LIMIT_OPTION_RATIO(offsetof(Limits, ratio)),
    LIMIT_OPTION_ENTRIES(offsetof(Limits, entries)),
    LIMIT_OPTION_PATH_LENGTH(offsetof(Limits, path_length)),
    LIMIT_OPTION_FILE_SIZE(offsetof(Limits, file_size), "Refuse a file that is read as a whole and is larger."),
    {0},
};
