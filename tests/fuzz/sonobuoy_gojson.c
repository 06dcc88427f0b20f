/* Lines of `go test -json`. */
#include "sonobuoy_items.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check_file(results_add_gojson, data, size);
    return 0;
}
