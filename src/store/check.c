#include "store/check.h"

#include "base/text.h"
#include "store/backend.h"

#include <string.h>

enum { SMALL = 64, LARGE = 5 * 1024 * 1024 + 64 * 1024, READ_MAX = 16 * 1024 * 1024, LOOKED_AT_MAX = 1000 };

const char *store_check_word(StoreCheckOutcome outcome) {
    static const char *const words[] = {"ok", "warning", "failed", "skipped"};
    return words[outcome];
}

/* --- what a step says ------------------------------------------------------------------------ */

G_GNUC_PRINTF(3, 0)
static void say(StoreCheck *check, StoreCheckOutcome outcome, const char *format, va_list args) {
    check->outcome = outcome;
    g_free(check->detail);
    check->detail = g_strdup_vprintf(format, args);
}

bool store_check_ok(StoreCheck *check, const char *format, ...) {
    va_list args;
    va_start(args, format);
    say(check, STORE_CHECK_OK, format, args);
    va_end(args);
    return true;
}

bool store_check_warn(StoreCheck *check, char *remedy, const char *format, ...) {
    va_list args;
    va_start(args, format);
    say(check, STORE_CHECK_WARNING, format, args);
    va_end(args);
    check->remedy = remedy;
    return true;
}

bool store_check_skip(StoreCheck *check, const char *format, ...) {
    va_list args;
    va_start(args, format);
    say(check, STORE_CHECK_SKIPPED, format, args);
    va_end(args);
    return true;
}

/* --- the steps of all back ends ---------------------------------------------------------------- */

typedef struct {
    guint seen;
    char *smallest; /* of those that hold anything */
    guint64 size;
} Look;

/* False ends a listing that has shown enough. */
static bool see(const StoreObject *object, const char *prefix, void *data, GError **error) {
    Look *look = data;
    look->seen++;
    if (object && object->size > 0 && (!look->smallest || object->size < look->size)) {
        g_free(look->smallest);
        look->smallest = g_strdup(object->key);
        look->size = object->size;
    }
    return look->seen < LOOKED_AT_MAX;
}

/* Lists until enough is seen. */
static bool look_at(StoreCheck *check, const char *prefix, const char *delimiter, Look *out, GError **error) {
    g_autoptr(GError) failure = NULL;
    if (store_list(check->store, prefix, delimiter, see, out, &failure) || out->seen >= LOOKED_AT_MAX)
        return true;
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

bool store_check_list(StoreCheck *check, GError **error) {
    Look top = {0}, below = {0};
    check->listing_failure = "it could not be listed";
    bool ok = look_at(check, "", "/", &top, error) &&
              (!check->options->read_only || look_at(check, check->options->folder, NULL, &below, error));
    if (ok)
        check->listing_failure = NULL;
    if (check->options->read_only)
        check->key = g_steal_pointer(&below.smallest);
    g_free(top.smallest);
    g_free(below.smallest);
    return ok && store_check_ok(check, "%s%u entr%s at the top", top.seen < LOOKED_AT_MAX ? "" : "at least ", top.seen,
                                top.seen == 1 ? "y" : "ies");
}

/* So many bytes that are not those of any other time. */
static void fill(StoreCheck *check, guint length) {
    g_byte_array_set_size(check->bytes, length);
    arc4random_buf(check->bytes->data, length);
}

static bool put(StoreCheck *check, GError **error) {
    g_autoptr(GError) failure = NULL;
    if (store_put_bytes(check->store, check->key, check->bytes->data, check->bytes->len, &failure))
        return check->written = true;
    if (!g_error_matches(failure, BASE_ERROR, BASE_ERROR_FORBIDDEN))
        check->written = true; /* it may have been done all the same */
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

bool store_check_write(StoreCheck *check, GError **error) {
    check->key = g_strdup_printf("%sark-check-%08x%08x", check->options->folder, arc4random(), arc4random());
    fill(check, SMALL);
    if (put(check, error))
        return store_check_ok(check, "%s, %u bytes", check->key, check->bytes->len);
    check->writing_failure = "nothing could be written";
    return false;
}

bool store_check_same(const StoreCheck *check, const void *data, size_t length, GError **error) {
    if (length == check->bytes->len && memcmp(data, check->bytes->data, length) == 0)
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                "%s/%s: what came back is not what was written: %zu bytes, %u were sent", store_url(check->store),
                check->key, length, check->bytes->len);
    return false;
}

static bool read_back(const StoreCheck *check, GError **error) {
    g_autoptr(GBytes) bytes = store_get_bytes(check->store, check->key, check->bytes->len + 1, error);
    gsize length;
    const void *data = bytes ? g_bytes_get_data(bytes, &length) : NULL;
    return bytes && store_check_same(check, data, length, error);
}

bool store_check_head(StoreCheck *check, GError **error) {
    g_autoptr(StoreObject) object = store_head(check->store, check->key, error);
    if (!object)
        return false;
    if (check->options->read_only || object->size == check->bytes->len)
        return store_check_ok(check, "%s, %" G_GUINT64_FORMAT " bytes", check->key, object->size);
    g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT, "%s/%s: its size is told as %" G_GUINT64_FORMAT ", not %u",
                store_url(check->store), check->key, object->size, check->bytes->len);
    return false;
}

/* An object of others: as a whole, as long as it is said to be. */
static bool read_other(StoreCheck *check, GError **error) {
    g_autoptr(StoreObject) object = store_head(check->store, check->key, error);
    if (!object)
        return false;
    if (object->size > READ_MAX)
        return store_check_skip(check, "the smallest object that is there is large: %s", check->key);
    g_autoptr(GBytes) bytes = store_get_bytes(check->store, check->key, READ_MAX, error);
    if (!bytes)
        return false;
    if (g_bytes_get_size(bytes) == object->size)
        return store_check_ok(check, "%s", check->key);
    g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT, "%s/%s: %zu bytes came, not %" G_GUINT64_FORMAT,
                store_url(check->store), check->key, g_bytes_get_size(bytes), object->size);
    return false;
}

bool store_check_read(StoreCheck *check, GError **error) {
    if (check->options->read_only)
        return read_other(check, error);
    return read_back(check, error) && store_check_ok(check, "the same bytes");
}

bool store_check_range(StoreCheck *check, GError **error) {
    enum { START = 20, COUNT = 10 };
    bool other = check->options->read_only; /* of which only the first byte is sure to be there */
    guint64 start = other ? 0 : START;
    gint64 count = other ? 1 : COUNT;
    g_autoptr(Source) source = store_get(check->store, check->key, start, count, error);
    g_autoptr(GBytes) bytes = source ? source_read_all(source, READ_MAX, error) : NULL;
    gsize length;
    const void *data = bytes ? g_bytes_get_data(bytes, &length) : NULL;
    if (!bytes)
        return false;
    if (length == (gsize)count && (other || memcmp(data, check->bytes->data + start, length) == 0))
        return store_check_ok(check, "%" G_GINT64_FORMAT " byte%s of it", count, count == 1 ? "" : "s");
    g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT, "%s/%s: a range brought other bytes: %zu, not %" G_GINT64_FORMAT,
                store_url(check->store), check->key, length, count);
    return false;
}

bool store_check_overwrite(StoreCheck *check, GError **error) {
    fill(check, SMALL);
    return put(check, error) && read_back(check, error) && store_check_ok(check, "the new bytes are read at once");
}

bool store_check_absent(StoreCheck *check, GError **error) {
    StorePutOptions options = {.if_absent = true};
    g_autoptr(GError) failure = NULL;
    g_autoptr(Sink) sink = store_put(check->store, check->key, &options, &failure);
    if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_EXISTS))
        return store_check_ok(check, "what is there is not replaced");
    if (sink)
        g_set_error(&failure, BASE_ERROR, BASE_ERROR_CORRUPT, "%s/%s is there, and would be replaced",
                    store_url(check->store), check->key);
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

/* Deletes, and looks whether it is gone. */
static bool take_away(StoreCheck *check, GError **error) {
    g_autoptr(GError) failure = NULL;
    if (!store_delete(check->store, check->key, error))
        return false;
    g_autoptr(StoreObject) object = store_head(check->store, check->key, &failure);
    if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
        check->written = false;
        return true;
    }
    if (object)
        g_set_error(&failure, BASE_ERROR, BASE_ERROR_CORRUPT, "%s/%s was deleted and is there all the same",
                    store_url(check->store), check->key);
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

bool store_check_delete(StoreCheck *check, GError **error) {
    check->removable = take_away(check, error);
    return check->removable && store_check_ok(check, "gone at once");
}

bool store_check_large(StoreCheck *check, GError **error) {
    g_autofree char *size = bytes_format(LARGE);
    fill(check, LARGE);
    bool ok = put(check, error) && read_back(check, error) && take_away(check, error);
    g_byte_array_set_size(check->bytes, 0);
    return ok && store_check_ok(check, "2 parts, %s, the same bytes", size);
}

/* --- one after the other -------------------------------------------------------------------------- */

/* Why the step is not tried, or NULL. */
static const char *reason_to_skip(const StoreCheck *check, const StoreStep *step) {
    if (check->options->read_only && step->flags & STORE_STEP_WRITES)
        return "only reading is tried";
    if (step->flags & STORE_STEP_OBJECT && check->options->read_only && !check->key)
        return check->listing_failure ? check->listing_failure : "nothing to read is there yet";
    if (step->flags & STORE_STEP_OBJECT && !check->options->read_only && check->writing_failure)
        return check->writing_failure;
    if (step->flags & STORE_STEP_REMOVABLE && !check->removable)
        return check->writing_failure ? check->writing_failure : "it could not be removed again";
    return NULL;
}

static void note_failure(StoreCheck *check, const StoreStep *step, const GError *failure) {
    const StoreCheckClass *klass = check->store->klass->check;
    store_check_warn(check, klass->remedy(check, step->name, failure), "%s", failure->message);
    check->outcome = STORE_CHECK_FAILED;
    if (step->flags & STORE_STEP_WAY)
        check->broken = step->name;
}

/* False with CANCELLED. */
static bool run_step(StoreCheck *check, const StoreStep *step, StoreCheckFunc func, void *data, GError **error) {
    gint64 start = g_get_monotonic_time();
    const char *reason = reason_to_skip(check, step);
    g_autoptr(GError) failure = NULL;
    g_clear_pointer(&check->remedy, g_free);
    if (check->broken)
        store_check_skip(check, "%s failed", check->broken);
    else if (reason)
        store_check_skip(check, "%s", reason);
    else if (!step->run(check, &failure) && !cancel_is_set(check->store->cancel))
        note_failure(check, step, failure);
    if (cancel_check(check->store->cancel, error))
        return false;
    StoreCheckStep found = {.name = step->name,
                            .outcome = check->outcome,
                            .took_us = g_get_monotonic_time() - start,
                            .detail = check->detail,
                            .remedy = check->remedy};
    func(&found, data);
    return true;
}

/* The object goes, even where the check was cut short. What stays is told of: by a step of its own, or in the error. */
static void clean_up(const StoreCheck *check, StoreCheckFunc func, void *data, GError **failure) {
    g_autoptr(GError) reason = NULL;
    gint64 start = g_get_monotonic_time();
    if (!check->written || store_discard(check->store, check->key, &reason))
        return;
    g_autofree char *left = g_strdup_printf("%s/%s is left there", store_url(check->store), check->key);
    StoreCheckStep step = {.name = "clean up",
                           .outcome = STORE_CHECK_FAILED,
                           .took_us = g_get_monotonic_time() - start,
                           .detail = left,
                           .remedy = "delete it, once that may be done"};
    if (*failure)
        g_prefix_error(failure, "%s (%s): ", left, reason->message);
    else
        func(&step, data);
}

bool store_check(Store *store, const StoreCheckOptions *options, StoreCheckFunc func, void *data, GError **error) {
    StoreCheck check = {.store = store, .options = options, .bytes = g_byte_array_new()};
    const StoreCheckClass *klass = store->klass->check;
    GError *failure = NULL;
    for (const StoreStep *step = klass->steps; step->name && run_step(&check, step, func, data, &failure); step++)
        ;
    clean_up(&check, func, data, &failure);
    if (klass->end)
        klass->end(&check);
    g_byte_array_unref(check.bytes);
    g_free(check.key);
    g_free(check.detail);
    g_free(check.remedy);
    if (failure)
        g_propagate_error(error, failure);
    return !failure;
}
