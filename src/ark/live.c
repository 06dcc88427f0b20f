#include "ark/live.h"

static bool index_page(const ArkPage *page, void *data, GError **error) {
    return ark_index_add(data, page, error);
}

ArkIndex *ark_live_index(const ArkCaptureRequest *request, GError **error) {
    g_autoptr(ArkIndex) index = ark_index_new(error);
    g_autoptr(ArkCapture) capture = index ? ark_capture_new(request, error) : NULL;
    if (!capture || !ark_capture_run(capture, index_page, index, error) || !ark_index_finish(index, error))
        return NULL;
    return g_steal_pointer(&index);
}
