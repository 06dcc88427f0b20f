/* gzip as stream filters: ISA-L writes (several times faster than zlib at about
 * zlib's level 1 size), zlib reads. Source: RFC 1952. */
#include "base/stream.h"

#include "base/text.h"

#include <isa-l.h>
#include <zlib.h>

enum { OUTPUT_SIZE = 64 * 1024, INPUT_SIZE = 64 * 1024 };

typedef struct {
    Sink sink;
    Sink *next;
    struct isal_zstream stream;
    unsigned char *level_buffer;
    unsigned char output[OUTPUT_SIZE];
} GzipSink;

/* Compresses what the stream holds until it wants more input (or has ended). */
static bool gzip_drain(GzipSink *self, GError **error) {
    do {
        self->stream.next_out = self->output;
        self->stream.avail_out = OUTPUT_SIZE;
        int result = isal_deflate(&self->stream);
        if (result != COMP_OK) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_FAILED, "compressing failed (igzip error %d)", result);
            return false;
        }
        if (!sink_write(self->next, self->output, OUTPUT_SIZE - self->stream.avail_out, error))
            return false;
    } while (self->stream.avail_out == 0);
    return true;
}

static bool gzip_write(Sink *sink, const void *data, size_t length, GError **error) {
    GzipSink *self = (GzipSink *)sink;
    const unsigned char *bytes = data;
    while (length > 0) {
        guint32 piece = (guint32)MIN(length, 1u << 30);
        self->stream.next_in = (unsigned char *)bytes;
        self->stream.avail_in = piece;
        if (!gzip_drain(self, error))
            return false;
        bytes += piece;
        length -= piece;
    }
    return true;
}

static bool gzip_finish(Sink *sink, GError **error) {
    GzipSink *self = (GzipSink *)sink;
    self->stream.next_in = NULL;
    self->stream.avail_in = 0;
    self->stream.end_of_stream = 1;
    return gzip_drain(self, error) && sink_finish(self->next, error);
}

static void gzip_free(Sink *sink) {
    GzipSink *self = (GzipSink *)sink;
    sink_free(self->next);
    g_free(self->level_buffer);
    g_free(self);
}

Sink *sink_gzip_new(Sink *next, int level) {
    static const SinkClass klass = {gzip_write, gzip_finish, gzip_free};
    static const guint32 sizes[] = {0, ISAL_DEF_LVL1_DEFAULT, ISAL_DEF_LVL2_DEFAULT, ISAL_DEF_LVL3_DEFAULT};
    GzipSink *self = g_new0(GzipSink, 1);
    self->sink.klass = &klass;
    self->next = next;
    isal_deflate_init(&self->stream);
    level = CLAMP(level, 1, 3);
    self->level_buffer = g_malloc(sizes[level]);
    self->stream.level = (guint32)level;
    self->stream.level_buf = self->level_buffer;
    self->stream.level_buf_size = sizes[level];
    self->stream.gzip_flag = IGZIP_GZIP;
    return &self->sink;
}

typedef struct {
    Source source;
    Source *next;
    z_stream stream;
    Limits limits;
    guint64 taken, total; /* bytes from next, of content */
    bool in_member;       /* between a member's first and last byte */
    bool any;             /* at least one member was read to its end */
    bool ended;
    unsigned char input[INPUT_SIZE];
} GunzipSource;

/* Sets the error and returns -1. */
static gssize gunzip_corrupt(GunzipSource *self, const char *reason, GError **error) {
    g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                "gzip data is damaged: %s (after %" G_GUINT64_FORMAT " bytes of content)", reason, self->total);
    return -1;
}

/* Gets input when there is none: 1 there is some, 0 the end, -1 an error. */
static int gunzip_fill(GunzipSource *self, GError **error) {
    if (self->stream.avail_in > 0)
        return 1;
    gssize count = source_read(self->next, self->input, INPUT_SIZE, error);
    if (count <= 0)
        return (int)count;
    self->stream.next_in = self->input;
    self->stream.avail_in = (uInt)count;
    self->taken += (guint64)count;
    return 1;
}

/* What unpacks to far more than anything real does is a bomb, long before it reaches its size. */
static bool gunzip_within_limits(const GunzipSource *self, GError **error) {
    guint64 size = (guint64)self->limits.archive_size, ratio = (guint64)self->limits.ratio;
    guint64 used = self->taken - self->stream.avail_in;
    if (size && self->total > size) {
        g_autofree char *shown = bytes_format(size);
        limit_reached(error, "archive-size", "gzip data unpacks to more than %s", shown);
        return false;
    }
    if (ratio && self->total > LIMIT_RATIO_FROM && self->total / ratio > used) {
        limit_reached(error, "ratio", "gzip data unpacks to more than %" G_GUINT64_FORMAT " times its size", ratio);
        return false;
    }
    return true;
}

static gssize gunzip_read(Source *source, void *data, size_t length, GError **error) {
    GunzipSource *self = (GunzipSource *)source;
    self->stream.next_out = data;
    self->stream.avail_out = (uInt)MIN(length, 1u << 30);
    uInt wanted = self->stream.avail_out;
    while (self->stream.avail_out == wanted && !self->ended) {
        int filled = gunzip_fill(self, error);
        if (filled < 0)
            return -1;
        if (filled == 0) {
            if (self->in_member || !self->any)
                return gunzip_corrupt(self, "it ends too early", error);
            self->ended = true;
            break;
        }
        self->in_member = true;
        int result = inflate(&self->stream, Z_NO_FLUSH);
        if (result == Z_STREAM_END) {
            self->in_member = false;
            self->any = true;
            inflateReset(&self->stream);
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            return gunzip_corrupt(self, self->stream.msg ? self->stream.msg : "unknown reason", error);
        }
    }
    gssize count = wanted - self->stream.avail_out;
    self->total += (guint64)count;
    return gunzip_within_limits(self, error) ? count : -1;
}

static void gunzip_free(Source *source) {
    GunzipSource *self = (GunzipSource *)source;
    inflateEnd(&self->stream);
    source_free(self->next);
    g_free(self);
}

Source *source_gunzip_new(Source *next, const Limits *limits) {
    static const SourceClass klass = {gunzip_read, gunzip_free};
    GunzipSource *self = g_new0(GunzipSource, 1);
    self->source.klass = &klass;
    self->next = next;
    self->limits = limits ? *limits : limits_default;
    if (inflateInit2(&self->stream, 15 + 16) != Z_OK)
        g_error("zlib cannot be started");
    return &self->source;
}
