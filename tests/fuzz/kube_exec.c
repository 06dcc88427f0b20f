/* What a server sends of a command in a pod, in pieces of any size: all in one say the same. */
#include "kube/exec-internal.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(ExecChannels *channels, const uint8_t *data, size_t size, size_t piece) {
    bool ok = true;
    exec_channels_init(channels);
    for (size_t at = 0; ok && at < size && !channels->closed; at += piece) {
        g_autoptr(GError) error = NULL;
        ok = exec_channels_take(channels, data + at, MIN(piece, size - at), &error);
        g_assert(ok == (error == NULL));
    }
    g_assert(channels->errors->len <= EXEC_STDERR_MAX);
    g_assert(channels->output->len <= size);
    g_assert(!channels->failure || (channels->has_status && channels->exit_code < 0));
    g_assert(!channels->has_status || channels->failure || channels->exit_code >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_auto(ExecChannels) whole, pieces;
    take(&whole, data, size, size + 1);
    take(&pieces, data, size, 1 + size % 7);
    g_assert(whole.has_status == pieces.has_status && whole.exit_code == pieces.exit_code);
    g_assert(whole.output->len == pieces.output->len && g_string_equal(whole.errors, pieces.errors));
    return 0;
}
