/* What every location must do, checked on the one that is given; and single steps for scripts.
 *   store-contract check URL [SETTING...]              all checks below a prefix of their own, as TAP
 *   store-contract put URL KEY SIZE [SETTING...]       writes SIZE bytes that are known
 *   store-contract drop URL KEY SIZE [SETTING...]      writes them, and gives up before the end
 *   store-contract create URL KEY SIZE [SETTING...]    writes them if the key is absent
 *   store-contract get URL KEY SIZE [SETTING...]       reads and compares with those bytes
 *   store-contract drain URL KEY SIZE [SETTING...]     reads SIZE bytes to the end, whatever they are
 *   store-contract leave URL KEY SIZE [SETTING...]     reads SIZE bytes, then frees the reader
 *   store-contract head|delete URL KEY [SETTING...]
 *   store-contract list URL PREFIX [SETTING...]        a key a line
 *   store-contract unfinished URL PREFIX [SETTING...]  "KEY ID TIME" a line of what was begun
 *   store-contract sweep URL PREFIX [SETTING...]       removes that
 *   store-contract sign URL KEY SECONDS [SETTING...]   prints the URL
 * A step that fails says "CODE: MESSAGE" (CODE of BaseErrorCode) on stderr and exits with 1. */
#include "base/http.h"
#include "base/workers.h"
#include "store/store.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MIB = 1024 * 1024, BLOCK = 64 * 1024 };

static const char *location;
static const char *const *settings;

static Store *open_location(Cancel *cancel, GError **error) {
    return store_open(location, settings, cancel, error);
}

/* --- bytes that tell where they stand ----------------------------------------------------------- */

static void fill(char *data, guint64 offset, size_t length) {
    for (size_t i = 0; i < length; i++) {
        guint64 at = offset + i, mixed = (at >> 3) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
        data[i] = (char)(mixed >> (8 * (at & 7)));
    }
}

static bool write_known(Sink *sink, guint64 size, GError **error) {
    g_autofree char *block = g_malloc(BLOCK);
    for (guint64 offset = 0; offset < size; offset += BLOCK) {
        size_t length = (size_t)MIN(size - offset, (guint64)BLOCK);
        fill(block, offset, length);
        if (!sink_write(sink, block, length, error))
            return false;
    }
    return true;
}

static bool put_known(Store *store, const char *key, guint64 size, const StorePutOptions *options, GError **error) {
    g_autoptr(Sink) sink = store_put(store, key, options, error);
    return sink && write_known(sink, size, error) && sink_finish(sink, error);
}

/* Reads `size` bytes at `offset` and nothing after them. */
static bool read_known(Store *store, const char *key, guint64 offset, gint64 length, guint64 size, GError **error) {
    g_autofree char *have = g_malloc(BLOCK), *want = g_malloc(BLOCK);
    g_autoptr(Source) source = store_get(store, key, offset, length, error);
    if (!source)
        return false;
    for (guint64 at = 0;;) {
        gssize count = source_read(source, have, BLOCK, error);
        if (count < 0)
            return false;
        if (count == 0 && at == size)
            return true;
        fill(want, offset + at, (size_t)count);
        if (count == 0 || at + (guint64)count > size || memcmp(have, want, (size_t)count) != 0) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT, "%s: other bytes after %" G_GUINT64_FORMAT, key, at);
            return false;
        }
        at += (guint64)count;
    }
}

/* --- checks --------------------------------------------------------------------------------------------- */

static char *own_prefix; /* of this run, with '/' at its end */

static char *own(const char *name) {
    return g_strconcat(own_prefix, name, NULL);
}

static Store *opened(void) {
    g_autoptr(GError) error = NULL;
    Store *store = open_location(NULL, &error);
    g_assert_no_error(error);
    return store;
}

static void must_put(Store *store, const char *key, guint64 size) {
    g_autoptr(GError) error = NULL;
    g_assert_true(put_known(store, key, size, NULL, &error) || error);
    g_assert_no_error(error);
}

static void must_read(Store *store, const char *key, guint64 offset, gint64 length, guint64 size) {
    g_autoptr(GError) error = NULL;
    g_assert_true(read_known(store, key, offset, length, size, &error) || error);
    g_assert_no_error(error);
}

static void must_delete(Store *store, const char *key) {
    g_autoptr(GError) error = NULL;
    g_assert_true(store_delete(store, key, &error) || error);
    g_assert_no_error(error);
}

static void must_head(Store *store, const char *key, guint64 size) {
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreObject) object = store_head(store, key, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(object->key, ==, key);
    g_assert_cmpuint(object->size, ==, size);
    g_assert_cmpint(ABS(object->mtime - g_get_real_time() / G_USEC_PER_SEC), <, 300);
}

static void must_miss(Store *store, const char *key) {
    g_autoptr(GError) error = NULL;
    g_assert_null(store_head(store, key, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_null(store_get(store, key, 0, -1, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, key));
}

typedef struct {
    GHashTable *keys, *prefixes; /* sets of strings */
    unsigned calls;
} Seen;

static bool see(const StoreObject *object, const char *prefix, void *data, GError **error) {
    Seen *seen = data;
    seen->calls++;
    g_assert_true((object == NULL) != (prefix == NULL));
    if (object)
        g_assert_cmpint(ABS(object->mtime - g_get_real_time() / G_USEC_PER_SEC), <, 300);
    g_hash_table_add(object ? seen->keys : seen->prefixes, g_strdup(object ? object->key : prefix));
    return true;
}

static void seen_clear(Seen *seen) {
    g_hash_table_unref(seen->keys);
    g_hash_table_unref(seen->prefixes);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Seen, seen_clear)

/* Lists, and sees that nothing came twice. */
static Seen must_list(Store *store, const char *prefix, const char *delimiter) {
    Seen seen = {g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                 g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL), 0};
    g_autoptr(GError) error = NULL;
    g_assert_true(store_list(store, prefix, delimiter, see, &seen, &error) || error);
    g_assert_no_error(error);
    g_assert_cmpuint(seen.calls, ==, g_hash_table_size(seen.keys) + g_hash_table_size(seen.prefixes));
    return seen;
}

static void test_basics(void) {
    g_autoptr(Store) store = opened();
    g_autofree char *key = own("basics/object"), *absent = own("basics/absent"), *folder = own("basics/");
    must_miss(store, key);
    must_put(store, key, 1000);
    must_head(store, key, 1000);
    must_read(store, key, 0, -1, 1000);
    must_put(store, key, 10); /* over it */
    must_head(store, key, 10);
    must_read(store, key, 0, -1, 10);
    g_autoptr(GError) error = NULL;
    g_assert_null(store_get_bytes(store, key, 9, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
    must_miss(store, absent);
    must_delete(store, absent);
    g_auto(Seen) before = must_list(store, folder, NULL);
    g_assert_true(g_hash_table_contains(before.keys, key) && before.calls == 1);
    must_delete(store, key);
    must_miss(store, key);
    g_auto(Seen) after = must_list(store, folder, NULL);
    g_assert_cmpuint(after.calls, ==, 0);
}

static void test_sizes(void) {
    static const guint64 sizes[] = {0, 1, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 10 * MIB, 20 * MIB + 3};
    static const StorePutOptions parallel[] = {{.parallel = 1}, {.parallel = 4}};
    g_autoptr(Store) store = opened();
    g_autofree char *key = own("sizes");
    for (size_t i = 0; i < G_N_ELEMENTS(sizes) * 2; i++) {
        g_autoptr(GError) error = NULL;
        g_test_message("%" G_GUINT64_FORMAT, sizes[i / 2]);
        g_assert_true(put_known(store, key, sizes[i / 2], &parallel[i % 2], &error) || error);
        g_assert_no_error(error);
        must_head(store, key, sizes[i / 2]);
        must_read(store, key, 0, -1, sizes[i / 2]);
    }
    must_delete(store, key);
}

static void test_ranges(void) {
    g_autoptr(Store) store = opened();
    g_autofree char *key = own("ranges");
    const guint64 size = 6 * MIB + 7;
    must_put(store, key, size);
    must_read(store, key, 0, 0, 0);
    must_read(store, key, 0, 1, 1);
    must_read(store, key, 5, 10, 10);
    must_read(store, key, 5 * MIB - 3, 7, 7);
    must_read(store, key, 3, -1, size - 3);
    must_read(store, key, size - 1, -1, 1);
    must_read(store, key, size - 5, 100, 5);
    must_read(store, key, size, -1, 0);
    must_read(store, key, size + 1, 10, 0);
    must_read(store, key, G_MAXUINT64, -1, 0);
    must_read(store, key, 1, G_MAXINT64, size - 1);
    must_delete(store, key);
}

static const char *const odd_keys[] = {"spa ce",
                                       " leading",
                                       "trailing ",
                                       "plus+plus",
                                       "per%cent",
                                       "per%2Fcent%20",
                                       "quo'te\"s",
                                       "tilde~",
                                       "a=b&c=d",
                                       "what?",
                                       "hash#mark",
                                       "semi;colon,comma:at@",
                                       "paren(theses)[brackets]{braces}",
                                       "star*bang!dollar$caret^tick`bar|",
                                       "back\\slash",
                                       "<xml>&amp;]]>",
                                       "\xc3\xbcml\xc3\xa4ut/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
                                       "e\xcc\x81 decomposed",
                                       "\xf0\x9f\x9a\xa2",
                                       "...",
                                       ".hidden",
                                       "tab\there",
                                       "-dash",
                                       "UPPER/lower"};

/* By the signed URL, where the location has them. */
static void must_fetch(Store *store, const char *key, guint64 size) {
    g_autoptr(GError) error = NULL;
    g_autofree char *url = store_sign_get(store, key, 60, &error);
    if (g_error_matches(error, BASE_ERROR, BASE_ERROR_UNSUPPORTED))
        return;
    g_assert_no_error(error);
    HttpConfig config = {.user_agent = "contract", .insecure = true};
    g_autoptr(HttpClient) http = http_client_new(&config, NULL);
    HttpRequest request = {.method = "GET", .url = url};
    g_auto(HttpResponse) response = {0};
    g_autofree char *want = g_malloc(size);
    fill(want, 0, size);
    g_assert_true(http_perform(http, &request, &response, &error) || error);
    g_assert_no_error(error);
    g_assert_cmpint(response.status, ==, 200);
    g_assert_true(response.body->len == size && memcmp(response.body->data, want, size) == 0);
}

static void test_odd_keys(void) {
    g_autoptr(Store) store = opened();
    g_autofree char *folder = own("odd/");
    for (size_t i = 0; i < G_N_ELEMENTS(odd_keys); i++) {
        g_autofree char *key = g_strconcat(folder, odd_keys[i], NULL);
        g_test_message("%s", odd_keys[i]);
        must_put(store, key, i + 1);
        must_head(store, key, i + 1);
        must_read(store, key, 0, -1, i + 1);
        must_fetch(store, key, i + 1);
        g_auto(Seen) seen = must_list(store, key, NULL);
        g_assert_true(g_hash_table_contains(seen.keys, key));
    }
    g_auto(Seen) all = must_list(store, folder, NULL);
    g_assert_cmpuint(g_hash_table_size(all.keys), ==, G_N_ELEMENTS(odd_keys));
    for (size_t i = 0; i < G_N_ELEMENTS(odd_keys); i++) {
        g_autofree char *key = g_strconcat(folder, odd_keys[i], NULL);
        g_assert_true(g_hash_table_contains(all.keys, key));
        must_delete(store, key);
    }
    g_auto(Seen) none = must_list(store, folder, NULL);
    g_assert_cmpuint(none.calls, ==, 0);
}

/* --- many keys -------------------------------------------------------------------------------------- */

enum { MANY = 1203, FOLDERS = 3 };

typedef struct {
    Store *store;
    atomic_uint next;
    bool delete;
} Many;

static char *many_key(unsigned number) {
    return g_strdup_printf("%smany/f%u/k%04u", own_prefix, number % FOLDERS, number);
}

static void many_worker(unsigned index, void *data) {
    Many *many = data;
    for (unsigned number; (number = atomic_fetch_add(&many->next, 1)) < MANY;) {
        g_autofree char *key = many_key(number);
        if (many->delete)
            must_delete(many->store, key);
        else
            must_put(many->store, key, number % 7);
    }
}

static void do_many(Store *store, bool delete) {
    Many many = {.store = store, .delete = delete};
    workers_join(workers_start(8, "many", many_worker, &many));
}

static void test_many(void) {
    g_autoptr(Store) store = opened();
    g_autofree char *folder = own("many/"), *first = own("many/f0/"), *some = own("many/f1/k00");
    do_many(store, false);
    g_auto(Seen) all = must_list(store, folder, NULL);
    g_assert_cmpuint(g_hash_table_size(all.keys), ==, MANY);
    g_assert_cmpuint(g_hash_table_size(all.prefixes), ==, 0);
    g_auto(Seen) folders = must_list(store, folder, "/");
    g_assert_cmpuint(g_hash_table_size(folders.prefixes), ==, FOLDERS);
    g_assert_cmpuint(g_hash_table_size(folders.keys), ==, 0);
    g_assert_true(g_hash_table_contains(folders.prefixes, first));
    g_auto(Seen) one = must_list(store, first, "/");
    g_assert_cmpuint(g_hash_table_size(one.keys), ==, MANY / FOLDERS);
    g_auto(Seen) part = must_list(store, some, "/");
    g_assert_cmpuint(g_hash_table_size(part.keys), ==, 33);
    do_many(store, true);
    g_auto(Seen) none = must_list(store, folder, "/");
    g_assert_cmpuint(none.calls, ==, 0);
}

/* More than a page of folders, and of keys beside each other. */
static void wide_worker(unsigned index, void *data) {
    Many *many = data;
    for (unsigned number; (number = atomic_fetch_add(&many->next, 1)) < MANY;) {
        g_autofree char *key = g_strdup_printf("%swide/%04u/x", own_prefix, number);
        if (many->delete)
            must_delete(many->store, key);
        else
            must_put(many->store, key, 1);
    }
}

static void test_many_folders(void) {
    g_autoptr(Store) store = opened();
    g_autofree char *folder = own("wide/");
    Many many = {.store = store}, away = {.store = store, .delete = true};
    workers_join(workers_start(8, "wide", wide_worker, &many));
    g_auto(Seen) seen = must_list(store, folder, "/");
    g_assert_cmpuint(g_hash_table_size(seen.prefixes), ==, MANY);
    g_assert_cmpuint(g_hash_table_size(seen.keys), ==, 0);
    workers_join(workers_start(8, "wide", wide_worker, &away));
}

/* --- puts that must not be ------------------------------------------------------------------------------ */

static void test_if_absent(void) {
    static const StorePutOptions absent = {.if_absent = true};
    static const guint64 sizes[] = {10, 6 * MIB};
    g_autoptr(Store) store = opened();
    g_autofree char *key = own("absent");
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Sink) first = store_put(store, key, &absent, &error), late = store_put(store, key, &absent, NULL);
        g_assert_true(first && late);
        g_assert_true(write_known(first, sizes[i], NULL) && sink_write(late, "late", 4, NULL));
        g_assert_true(sink_finish(first, &error));
        g_assert_null(store_put(store, key, &absent, &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_EXISTS);
        g_clear_error(&error);
        g_assert_false(sink_finish(late, &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_EXISTS);
        must_read(store, key, 0, -1, sizes[i]);
        must_delete(store, key);
    }
}

static void test_given_up(void) {
    g_autoptr(Store) store = opened();
    g_autofree char *key = own("given-up"), *kept = own("kept");
    must_put(store, kept, 5);
    for (guint64 size = 0; size <= 12 * MIB; size += 6 * MIB) {
        g_autoptr(Sink) sink = store_put(store, key, NULL, NULL), over = store_put(store, kept, NULL, NULL);
        g_assert_true(write_known(sink, size, NULL) && write_known(over, size, NULL));
    }
    must_miss(store, key);
    must_read(store, kept, 0, -1, 5);
    must_delete(store, kept);
    g_auto(Seen) seen = must_list(store, key, NULL);
    g_assert_cmpuint(seen.calls, ==, 0);
}

static void test_unfinished(void) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = opened();
    g_autofree char *key = own("unfinished/a +ü"), *other = own("unfinished-too"), *prefix = own("unfinished/");
    g_autoptr(Sink) sink = store_put(store, key, NULL, NULL);
    g_autoptr(Sink) beside = store_put(store, other, NULL, NULL);
    g_assert_true(write_known(sink, 11 * MIB, NULL) && write_known(beside, 11 * MIB, NULL));
    g_autoptr(GPtrArray) all = store_list_unfinished(store, prefix, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(all->len, ==, 1);
    StoreUnfinished *one = g_ptr_array_index(all, 0);
    g_assert_true(g_str_has_prefix(one->key, prefix));
    for (int i = 0; i < 2; i++) { /* the second time it is gone */
        g_assert_true(store_drop_unfinished(store, one, &error) || error);
        g_assert_no_error(error);
    }
    g_assert_false(sink_finish(sink, NULL));
    must_miss(store, key);
    g_autoptr(GPtrArray) left = store_list_unfinished(store, prefix, &error);
    g_assert_cmpuint(left->len, ==, 0);
    g_assert_true(sink_finish(beside, &error) || error);
    g_assert_no_error(error);
    must_delete(store, other);
}

static void test_source_left_alone(void) {
    g_autoptr(Store) store = opened();
    g_autofree char *key = own("left-alone");
    char byte;
    must_put(store, key, 20 * MIB);
    g_autoptr(Source) unread = store_get(store, key, 0, -1, NULL), begun = store_get(store, key, 0, -1, NULL);
    g_assert_cmpint(source_read(begun, &byte, 1, NULL), ==, 1);
    g_clear_pointer(&unread, source_free);
    g_clear_pointer(&begun, source_free);
    must_delete(store, key);
}

static void test_cancelled(void) {
    g_autoptr(Cancel) cancel = cancel_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = open_location(cancel, NULL);
    g_autofree char *key = own("cancelled");
    g_autoptr(Sink) sink = store_put(store, key, NULL, NULL);
    g_assert_true(write_known(sink, 11 * MIB, NULL));
    cancel_set(cancel);
    gint64 start = g_get_monotonic_time();
    g_assert_false(write_known(sink, 11 * MIB, &error) && sink_finish(sink, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_CANCELLED);
    g_assert_null(store_head(store, key, NULL) && !g_str_has_prefix(location, "file:") ? key : NULL);
    g_clear_pointer(&sink, sink_free);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 5 * G_USEC_PER_SEC);
    g_autoptr(Store) other = opened();
    must_miss(other, key);
}

static int check(int argc, char **argv) {
    g_autofree char *uuid = g_uuid_string_random();
    own_prefix = g_strdup_printf("contract-%.8s/", uuid);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/contract/basics", test_basics);
    g_test_add_func("/contract/sizes", test_sizes);
    g_test_add_func("/contract/ranges", test_ranges);
    g_test_add_func("/contract/odd-keys", test_odd_keys);
    g_test_add_func("/contract/many", test_many);
    g_test_add_func("/contract/many-folders", test_many_folders);
    g_test_add_func("/contract/if-absent", test_if_absent);
    g_test_add_func("/contract/given-up", test_given_up);
    g_test_add_func("/contract/unfinished", test_unfinished);
    g_test_add_func("/contract/source-left-alone", test_source_left_alone);
    g_test_add_func("/contract/cancelled", test_cancelled);
    return g_test_run();
}

/* --- single steps ------------------------------------------------------------------------------------------ */

static bool print_entry(const StoreObject *object, const char *prefix, void *data, GError **error) {
    puts(object ? object->key : prefix);
    return true;
}

static bool leave(Store *store, const char *key, guint64 size, GError **error) {
    g_autofree char *buffer = g_malloc(BLOCK);
    g_autoptr(Source) source = store_get(store, key, 0, -1, error);
    gssize count = 1;
    for (guint64 left = size; source && count > 0 && left > 0; left -= (guint64)count)
        count = source_read(source, buffer, (size_t)MIN(left, (guint64)BLOCK), error);
    return source && count >= 0;
}

static bool drain(Store *store, const char *key, guint64 size, GError **error) {
    g_autoptr(Source) source = store_get(store, key, 0, -1, error);
    g_autoptr(GBytes) bytes = source ? source_read_all(source, (size_t)size, error) : NULL;
    if (!bytes || g_bytes_get_size(bytes) == size)
        return bytes != NULL;
    g_set_error(error, BASE_ERROR, BASE_ERROR_FAILED, "%s: %zu bytes", key, g_bytes_get_size(bytes));
    return false;
}

static bool print_head(Store *store, const char *key, GError **error) {
    g_autoptr(StoreObject) object = store_head(store, key, error);
    if (object)
        printf("%" G_GUINT64_FORMAT "\n", object->size);
    return object != NULL;
}

static bool sign(Store *store, const char *key, unsigned seconds, GError **error) {
    g_autofree char *url = store_sign_get(store, key, seconds, error);
    if (url)
        puts(url);
    return url != NULL;
}

static bool drop(Store *store, const char *key, guint64 size, GError **error) {
    g_autoptr(Sink) sink = store_put(store, key, NULL, error);
    return sink && write_known(sink, size, error);
}

static bool unfinished(Store *store, const char *prefix, bool sweep, GError **error) {
    g_autoptr(GPtrArray) all = store_list_unfinished(store, prefix, error);
    for (guint i = 0; all && i < all->len; i++) {
        const StoreUnfinished *one = g_ptr_array_index(all, i);
        if (sweep && !store_drop_unfinished(store, one, error))
            return false;
        printf("%s %s %" G_GINT64_FORMAT "\n", one->key, one->id ? one->id : "-", one->touched);
    }
    return all != NULL;
}

static bool step(const char *verb, const char *key, guint64 size, GError **error) {
    static const StorePutOptions absent = {.if_absent = true};
    g_autoptr(Store) store = open_location(NULL, error);
    if (!store)
        return false;
    if (g_str_equal(verb, "put"))
        return put_known(store, key, size, NULL, error);
    if (g_str_equal(verb, "create"))
        return put_known(store, key, size, &absent, error);
    if (g_str_equal(verb, "drop"))
        return drop(store, key, size, error);
    if (g_str_equal(verb, "get"))
        return read_known(store, key, 0, -1, size, error);
    if (g_str_equal(verb, "drain"))
        return drain(store, key, size, error);
    if (g_str_equal(verb, "leave"))
        return leave(store, key, size, error);
    if (g_str_equal(verb, "sign"))
        return sign(store, key, (unsigned)size, error);
    if (g_str_equal(verb, "head"))
        return print_head(store, key, error);
    if (g_str_equal(verb, "unfinished") || g_str_equal(verb, "sweep"))
        return unfinished(store, key, g_str_equal(verb, "sweep"), error);
    if (g_str_equal(verb, "delete"))
        return store_delete(store, key, error);
    return store_list(store, key, NULL, print_entry, NULL, error);
}

int main(int argc, char **argv) {
    static const char *const sized[] = {"put", "drop", "create", "get", "drain", "leave", "sign", NULL};
    static const char *const unsized[] = {"head", "delete", "list", "unfinished", "sweep", NULL};
    const char *verb = argc > 1 ? argv[1] : "";
    bool checks = g_str_equal(verb, "check"), with_size = g_strv_contains(sized, verb);
    int words = checks ? 3 : with_size ? 5 : 4;
    if (argc < words || !(checks || with_size || g_strv_contains(unsized, verb))) {
        fputs("usage: store-contract VERB URL [KEY [SIZE]] [SETTING...] (see the head of its source)\n", stderr);
        return 2;
    }
    location = argv[2];
    settings = (const char *const *)argv + words;
    if (checks)
        return check(2, (char *[]){argv[0], (char *)"--tap", NULL});
    g_autoptr(GError) error = NULL;
    if (step(verb, argv[3], with_size ? g_ascii_strtoull(argv[4], NULL, 10) : 0, &error))
        return 0;
    fprintf(stderr, "%d: %s\n", error->code, error->message);
    return 1;
}
