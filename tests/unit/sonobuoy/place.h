/* A folder of each test's own, as GLib's fixture. */
#pragma once

#include "../files.h"

typedef struct {
    char *folder;
} Place;

static inline void place_set_up(Place *place, gconstpointer data) {
    place->folder = files_new();
}

static inline void place_tear_down(Place *place, gconstpointer data) {
    files_remove(place->folder);
    g_free(place->folder);
}

/* A path in it, whose folders are made. g_free() it. */
static inline char *place_below(const Place *place, const char *path) {
    char *whole = g_build_filename(place->folder, path, NULL);
    g_autofree char *parent = g_path_get_dirname(whole);
    g_assert_cmpint(g_mkdir_with_parents(parent, 0700), ==, 0);
    return whole;
}
