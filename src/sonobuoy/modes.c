#include "sonobuoy/modes.h"

#include <stddef.h>
#include <string.h>

const Mode modes[] = {
    {.name = "certified-conformance",
     .description = "All conformance tests, as the CNCF's certification wants them. Some of them disturb workloads.",
     .focus = "\\[Conformance\\]",
     .skip = ""},
    {.name = "non-disruptive-conformance",
     .description = "Conformance tests but for those that may disturb workloads. The default.",
     .focus = "\\[Conformance\\]",
     .skip = "\\[Disruptive\\]|NoExecuteTaintManager"},
    {.name = "quick",
     .description = "One test: whether pods can be made and removed.",
     .focus = "Pods should be submitted and removed",
     .skip = ""},
    {0},
};

const Mode *mode_find(const char *name) {
    for (const Mode *mode = modes; mode->name; mode++) {
        if (strcmp(mode->name, name) == 0)
            return mode;
    }
    return NULL;
}
