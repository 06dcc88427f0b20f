#include "ark/contents.h"

#include "ark/checksums.h"
#include "ark/layout.h"

ArkIndex *ark_contents_read(Store *store, const char *backup, const ArkIndexOptions *options, GError **error) {
    g_autofree char *key = ark_layout_key(ARK_FILE_CONTENTS, backup);
    Source *source = store_get(store, key, 0, -1, error);
    if (!source)
        return NULL;
    char hex[ARK_SHA256_HEX];
    g_autoptr(ArkIndex) index = ark_index_read(source_sha256_new(source, hex, NULL), options, error);
    if (!index) {
        g_prefix_error(error, "%s/%s: ", store_url(store), key);
        return NULL;
    }
    return ark_checksums_verify(store, backup, key, hex, options ? options->limits : NULL, error)
               ? g_steal_pointer(&index)
               : NULL;
}
