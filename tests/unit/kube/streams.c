/* Pages of lists and events of watches. */
#include "kube/list-internal.h"
#include "kube/watch-internal.h"

#include <string.h>

static bool read_page(GByteArray *body, const char *text, KubeListPage *page, GError **error) {
    g_byte_array_set_size(body, 0);
    g_byte_array_append(body, (const guint8 *)text, (guint)strlen(text));
    return kube_list_page_read(body, "/api/v1/pods", page, error);
}

static void test_pages(void) {
    static const struct {
        const char *text, *token, *revision;
        size_t items;
    } cases[] = {
        {"{\"metadata\":{\"resourceVersion\":\"7\",\"continue\":\"t\"},\"items\":[{},{}]}", "t", "7", 2},
        {"{\"metadata\":{\"resourceVersion\":\"7\",\"continue\":\"\"},\"items\":[]}", NULL, "7", 0},
        {"{\"metadata\":{},\"items\":null}", NULL, NULL, 0},
        {"{\"items\":[{\"a\":1}]}", NULL, NULL, 1},
        {"{}", NULL, NULL, 0},
        {"{\"metadata\":{\"continue\":1,\"resourceVersion\":2}}", NULL, NULL, 0},
    };
    g_autoptr(GByteArray) body = g_byte_array_new();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(KubeListPage) page = {0};
        g_autoptr(GError) error = NULL;
        g_assert_true(read_page(body, cases[i].text, &page, &error));
        g_assert_cmpstr(page.token, ==, cases[i].token);
        g_assert_cmpstr(page.revision, ==, cases[i].revision);
        g_assert_cmpuint(yyjson_arr_size(page.items), ==, cases[i].items);
        g_assert_cmpuint(page.bytes, ==, strlen(cases[i].text));
    }
}

static void test_bad_pages(void) {
    static const struct {
        const char *text;
        BaseErrorCode code;
    } cases[] = {{"", BASE_ERROR_INVALID},
                 {"<html>", BASE_ERROR_INVALID},
                 {"{\"items\":[{}", BASE_ERROR_INVALID},
                 {"[]", BASE_ERROR_CORRUPT},
                 {"null", BASE_ERROR_CORRUPT},
                 {"{\"items\":{}}", BASE_ERROR_CORRUPT},
                 {"{\"items\":\"x\"}", BASE_ERROR_CORRUPT},
                 {"{\"items\":[{},null]}", BASE_ERROR_CORRUPT},
                 {"{\"items\":[1]}", BASE_ERROR_CORRUPT}};
    g_autoptr(GByteArray) body = g_byte_array_new();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(KubeListPage) page = {0};
        g_autoptr(GError) error = NULL;
        g_assert_false(read_page(body, cases[i].text, &page, &error));
        g_assert_error(error, BASE_ERROR, (int)cases[i].code);
        g_assert_nonnull(strstr(error->message, "/api/v1/pods"));
        g_assert_null(page.doc);
    }
}

/* --- watches ------------------------------------------------------------------------------------- */

typedef struct {
    KubeWatchReader reader;
    GString *seen;
    const char *last; /* the name that ends the watch */
    bool fail;        /* with an error */
} Watched;

static bool note_event(const char *type, yyjson_val *object, void *data, GError **error) {
    Watched *watched = data;
    const char *name = json_get_string(object, "metadata", "name");
    g_string_append_printf(watched->seen, "%s:%s ", type, name ? name : "");
    if (g_strcmp0(name, watched->last) != 0 || !name)
        return true;
    if (watched->fail)
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_CORRUPT, "enough");
    return false;
}

static void watched_init(Watched *watched) {
    *watched = (Watched){.reader = {.name = "pods", .func = note_event, .data = watched, .line = g_byte_array_new()},
                         .seen = g_string_new(NULL)};
}

static void watched_clear(Watched *watched) {
    g_byte_array_unref(watched->reader.line);
    g_string_free(watched->seen, TRUE);
    g_free(watched->reader.revision);
    g_clear_error(&watched->reader.failure);
}

#define EVENT(type, name, revision) \
    "{\"type\":\"" type "\",\"object\":{\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"" revision "\"}}}\n"

static const char stream[] =
    EVENT("ADDED", "a", "1") "\n" EVENT("MODIFIED", "b", "2") EVENT("BOOKMARK", "", "9") EVENT("DELETED", "c", "10");

static void test_events_in_pieces(void) {
    for (size_t piece = 1; piece <= strlen(stream); piece++) {
        Watched watched;
        watched_init(&watched);
        g_autoptr(GError) error = NULL;
        for (size_t at = 0; at < strlen(stream); at += piece)
            g_assert_true(kube_watch_take(stream + at, MIN(piece, strlen(stream) - at), &watched.reader, &error));
        g_assert_no_error(error);
        g_assert_cmpstr(watched.seen->str, ==, "ADDED:a MODIFIED:b BOOKMARK: DELETED:c ");
        g_assert_cmpstr(watched.reader.revision, ==, "10");
        g_assert_true(watched.reader.seen && !watched.reader.done);
        watched_clear(&watched);
    }
}

static void test_events_until_done(void) {
    for (int fail = 0; fail < 2; fail++) {
        Watched watched;
        watched_init(&watched);
        watched.last = "b";
        watched.fail = fail;
        g_autoptr(GError) error = NULL;
        g_assert_false(kube_watch_take(stream, strlen(stream), &watched.reader, &error));
        g_assert_nonnull(error); /* ends the transfer */
        g_assert_cmpstr(watched.seen->str, ==, "ADDED:a MODIFIED:b ");
        g_assert_true(watched.reader.done);
        g_assert_true(g_error_matches(watched.reader.failure, BASE_ERROR, BASE_ERROR_CORRUPT) == fail);
        watched_clear(&watched);
    }
}

static void test_bad_events(void) {
    static const struct {
        const char *text;
        BaseErrorCode code;
        bool gone;
        const char *says;
    } cases[] = {
        {"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"message\":\"too old\"}}\n",
         BASE_ERROR_GONE, true, "the watch of pods ended: too old"},
        {"{\"type\":\"ERROR\",\"object\":{\"code\":500}}\n", BASE_ERROR_UNAVAILABLE, false, "no reason given"},
        {"{\"type\":\"ERROR\"}\n", BASE_ERROR_CORRUPT, false, "no type or no object"},
        {"{\"object\":{}}\n", BASE_ERROR_CORRUPT, false, "no type or no object"},
        {"{\"type\":\"ADDED\",\"object\":[]}\n", BASE_ERROR_CORRUPT, false, "no type or no object"},
        {"[]\n", BASE_ERROR_CORRUPT, false, "no type or no object"},
        {"<html>\n", BASE_ERROR_INVALID, false, "watch event"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Watched watched;
        watched_init(&watched);
        g_autoptr(GError) error = NULL;
        g_assert_false(kube_watch_take(cases[i].text, strlen(cases[i].text), &watched.reader, &error));
        g_assert_error(watched.reader.failure, BASE_ERROR, (int)cases[i].code);
        g_assert_nonnull(strstr(watched.reader.failure->message, cases[i].says));
        g_assert_true(watched.reader.gone == cases[i].gone);
        g_assert_cmpstr(watched.seen->str, ==, "");
        watched_clear(&watched);
    }
}

static void test_endless_event(void) {
    enum { PIECE = 1 << 20 };
    g_autofree char *much = g_strnfill(PIECE, 'x');
    Watched watched;
    watched_init(&watched);
    g_autoptr(GError) error = NULL;
    size_t taken = 0;
    while (kube_watch_take(much, PIECE, &watched.reader, &error))
        taken += PIECE;
    g_assert_cmpuint(taken, ==, KUBE_WATCH_EVENT_MAX);
    g_assert_error(watched.reader.failure, BASE_ERROR, BASE_ERROR_LIMIT);
    watched_clear(&watched);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/list/pages", test_pages);
    g_test_add_func("/list/bad-pages", test_bad_pages);
    g_test_add_func("/watch/events-in-pieces", test_events_in_pieces);
    g_test_add_func("/watch/events-until-done", test_events_until_done);
    g_test_add_func("/watch/bad-events", test_bad_events);
    g_test_add_func("/watch/endless-event", test_endless_event);
    return g_test_run();
}
