#include "ark/walk.h"

#include "base/tar.h"

#include <string.h>

struct ArkWalk {
    Source *plain;
    TarReader *reader;
    char *path;
    GStrv parts; /* of the path; the place points into them */
    ArkPlace place;
};

bool ark_place_is_copy(const ArkPlace *place) {
    return place->version && g_str_has_suffix(place->version, "-preferredversion");
}

/* Fills the place where the path is an object's; none of its parts is empty. */
static bool split_path(char **parts, ArkPlace *out) {
    guint count = g_strv_length(parts), at = 2;
    for (guint i = 0; i < count; i++)
        if (!*parts[i])
            return false;
    if (count < 4 || count > 6 || !g_str_equal(parts[0], "resources"))
        return false;
    bool scope_next =
        (g_str_equal(parts[2], "namespaces") && count == 5) || (g_str_equal(parts[2], "cluster") && count == 4);
    const char *version = scope_next ? NULL : parts[at++];
    bool namespaced = g_str_equal(parts[at], "namespaces");
    if ((!namespaced && !g_str_equal(parts[at], "cluster")) || count != at + (namespaced ? 3 : 2))
        return false;
    char *name = parts[count - 1];
    size_t length = strlen(name), ending = strlen(".json");
    if (length <= ending || !g_str_has_suffix(name, ".json"))
        return false;
    name[length - ending] = '\0';
    out->group_resource = parts[1];
    out->version = version;
    out->namespace_ = namespaced ? parts[at + 1] : NULL;
    out->name = name;
    return true;
}

ArkWalk *ark_walk_new(Source *gzipped, const Limits *limits, GError **error) {
    g_autoptr(ArkWalk) walk = g_new0(ArkWalk, 1);
    walk->plain = source_gunzip_new(gzipped, limits);
    walk->reader = tar_reader_new(walk->plain, limits, error);
    return walk->reader ? g_steal_pointer(&walk) : NULL;
}

/* The tar's end marker is not the file's end: gzip's checksum stands behind it. */
static int read_rest(ArkWalk *walk, GError **error) {
    char rest[4096];
    gssize count;
    while ((count = source_read(walk->plain, rest, sizeof rest, error)) > 0)
        ;
    return (int)count;
}

int ark_walk_next(ArkWalk *walk, const ArkPlace **out, GError **error) {
    const char *path;
    int more = tar_reader_next(walk->reader, &path, NULL, error);
    if (more <= 0)
        return more < 0 ? more : read_rest(walk, error);
    g_free(walk->path);
    g_strfreev(walk->parts);
    walk->path = g_strdup(path);
    walk->parts = g_strsplit(path, "/", -1);
    walk->place = (ArkPlace){.path = walk->path};
    split_path(walk->parts, &walk->place);
    *out = &walk->place;
    return 1;
}

bool ark_walk_read(ArkWalk *walk, GByteArray *buffer, GError **error) {
    return tar_reader_read(walk->reader, buffer, error);
}

void ark_walk_free(ArkWalk *walk) {
    if (!walk)
        return;
    tar_reader_free(walk->reader);
    source_free(walk->plain);
    g_free(walk->path);
    g_strfreev(walk->parts);
    g_free(walk);
}
