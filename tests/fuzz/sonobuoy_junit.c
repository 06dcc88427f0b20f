/* JUnit's XML. */
#include "sonobuoy_items.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check_file(results_add_junit, data, size);
    return 0;
}
