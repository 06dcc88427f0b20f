#include "base/stream.h"

#include "base/text.h"

#include <openssl/evp.h>
#include <string.h>

bool sink_write(Sink *sink, const void *data, size_t length, GError **error) {
    return length == 0 || sink->klass->write(sink, data, length, error);
}

bool sink_finish(Sink *sink, GError **error) {
    return sink->klass->finish(sink, error);
}

void sink_free(Sink *sink) {
    if (sink)
        sink->klass->free(sink);
}

gssize source_read(Source *source, void *data, size_t length, GError **error) {
    return source->klass->read(source, data, length, error);
}

void source_free(Source *source) {
    if (source)
        source->klass->free(source);
}

/* --- into memory ------------------------------------------------------------ */

typedef struct {
    Sink sink;
    GByteArray *buffer;
    size_t limit;
} BufferSink;

static bool buffer_write(Sink *sink, const void *data, size_t length, GError **error) {
    BufferSink *self = (BufferSink *)sink;
    if (length > self->limit - MIN(self->limit, self->buffer->len)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_LIMIT, "more than %zu bytes", self->limit);
        return false;
    }
    g_byte_array_append(self->buffer, data, (guint)length);
    return true;
}

static bool buffer_finish(Sink *sink, GError **error) {
    return true;
}

static void buffer_free(Sink *sink) {
    g_free(sink);
}

Sink *sink_buffer_new(GByteArray *buffer, size_t limit) {
    static const SinkClass klass = {buffer_write, buffer_finish, buffer_free};
    BufferSink *self = g_new0(BufferSink, 1);
    self->sink.klass = &klass;
    self->buffer = buffer;
    self->limit = MIN(limit, G_MAXUINT - 1);
    return &self->sink;
}

typedef struct {
    Source source;
    GBytes *bytes;
    size_t offset;
} BytesSource;

static gssize bytes_read(Source *source, void *data, size_t length, GError **error) {
    BytesSource *self = (BytesSource *)source;
    size_t size;
    const char *bytes = g_bytes_get_data(self->bytes, &size);
    size_t take = MIN(length, size - self->offset);
    if (take > 0)
        memcpy(data, bytes + self->offset, take);
    self->offset += take;
    return (gssize)take;
}

static void bytes_free(Source *source) {
    g_bytes_unref(((BytesSource *)source)->bytes);
    g_free(source);
}

Source *source_bytes_new(GBytes *bytes) {
    static const SourceClass klass = {bytes_read, bytes_free};
    BytesSource *self = g_new0(BytesSource, 1);
    self->source.klass = &klass;
    self->bytes = bytes;
    return &self->source;
}

/* --- SHA-256 on the way ------------------------------------------------------- */

static EVP_MD_CTX *sha256_start(void) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
        g_error("SHA-256 is not to be had from libcrypto");
    return context;
}

static void sha256_end(EVP_MD_CTX *context, char *hex) {
    unsigned char digest[32];
    EVP_DigestFinal_ex(context, digest, NULL);
    for (size_t i = 0; i < sizeof digest; i++)
        g_snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

typedef struct {
    Sink sink;
    Sink *next;
    EVP_MD_CTX *context;
    char *hex;
    guint64 *size;
} HashSink;

static bool hash_write(Sink *sink, const void *data, size_t length, GError **error) {
    HashSink *self = (HashSink *)sink;
    EVP_DigestUpdate(self->context, data, length);
    if (self->size)
        *self->size += length;
    return sink_write(self->next, data, length, error);
}

static bool hash_finish(Sink *sink, GError **error) {
    HashSink *self = (HashSink *)sink;
    sha256_end(self->context, self->hex);
    return sink_finish(self->next, error);
}

static void hash_free(Sink *sink) {
    HashSink *self = (HashSink *)sink;
    sink_free(self->next);
    EVP_MD_CTX_free(self->context);
    g_free(self);
}

Sink *sink_sha256_new(Sink *next, char *hex, guint64 *size) {
    static const SinkClass klass = {hash_write, hash_finish, hash_free};
    HashSink *self = g_new0(HashSink, 1);
    self->sink.klass = &klass;
    self->next = next;
    self->context = sha256_start();
    self->hex = hex;
    self->size = size;
    hex[0] = '\0';
    if (size)
        *size = 0;
    return &self->sink;
}

typedef struct {
    Source source;
    Source *next;
    EVP_MD_CTX *context;
    char *hex;
    guint64 *size;
} HashSource;

static gssize hash_read(Source *source, void *data, size_t length, GError **error) {
    HashSource *self = (HashSource *)source;
    gssize count = source_read(self->next, data, length, error);
    if (count > 0) {
        EVP_DigestUpdate(self->context, data, (size_t)count);
        if (self->size)
            *self->size += (guint64)count;
    } else if (count == 0 && self->hex[0] == '\0') {
        sha256_end(self->context, self->hex);
    }
    return count;
}

static void hash_source_free(Source *source) {
    HashSource *self = (HashSource *)source;
    source_free(self->next);
    EVP_MD_CTX_free(self->context);
    g_free(self);
}

Source *source_sha256_new(Source *next, char *hex, guint64 *size) {
    static const SourceClass klass = {hash_read, hash_source_free};
    HashSource *self = g_new0(HashSource, 1);
    self->source.klass = &klass;
    self->next = next;
    self->context = sha256_start();
    self->hex = hex;
    self->size = size;
    hex[0] = '\0';
    if (size)
        *size = 0;
    return &self->source;
}

/* --- whole streams -------------------------------------------------------------- */

GBytes *source_read_all(Source *source, size_t limit, GError **error) {
    g_autoptr(GByteArray) buffer = g_byte_array_new();
    g_autoptr(Sink) sink = sink_buffer_new(buffer, limit);
    if (!stream_copy(source, sink, error))
        return NULL;
    return g_byte_array_free_to_bytes(g_steal_pointer(&buffer));
}

GBytes *source_read_file(Source *source, const Limits *limits, GError **error) {
    gint64 most = limits ? limits->file_size : limits_default.file_size;
    enum { CHUNK = 64 * 1024 };
    g_autofree char *chunk = g_malloc(CHUNK);
    g_autoptr(GByteArray) buffer = g_byte_array_new();
    gssize count;
    while ((count = source_read(source, chunk, CHUNK, error)) > 0) {
        if (most && buffer->len + count > most) {
            g_autofree char *size = bytes_format((guint64)most);
            limit_reached(error, "file-size", "it unpacks to more than %s", size);
            return NULL;
        }
        if (buffer->len > G_MAXINT - CHUNK) {
            g_set_error_literal(error, BASE_ERROR, BASE_ERROR_LIMIT, "it unpacks to more than 2 GiB");
            return NULL;
        }
        g_byte_array_append(buffer, (const guint8 *)chunk, (guint)count);
    }
    return count < 0 ? NULL : g_byte_array_free_to_bytes(g_steal_pointer(&buffer));
}

bool stream_copy(Source *source, Sink *sink, GError **error) {
    enum { CHUNK = 64 * 1024 };
    g_autofree char *chunk = g_malloc(CHUNK);
    for (;;) {
        gssize count = source_read(source, chunk, CHUNK, error);
        if (count < 0)
            return false;
        if (count == 0)
            return true;
        if (!sink_write(sink, chunk, (size_t)count, error))
            return false;
    }
}
