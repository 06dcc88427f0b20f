/* The first lines of pods' logs that look like errors and warnings. */
#include "sonobuoy/health.h"
#include "sonobuoy/report-internal.h"

#include <string.h>

enum { FILES_MAX = 100, LINES_MAX = 5, WIDTH = 400 };

typedef struct {
    GString *texts[HEALTH_CLASSES]; /* NULL: nothing is looked for, or was found */
    guint wanted[HEALTH_CLASSES];   /* lines that are still to come */
} Sample;

struct ReportSamples {
    GHashTable *files; /* path -> Sample */
    GRegex *classes[HEALTH_CLASSES];
    ReportLines lines;
    Sample *open;
};

static void sample_free(void *data) {
    Sample *sample = data;
    for (HealthClass kind = 0; kind < HEALTH_CLASSES; kind++)
        if (sample->texts[kind])
            g_string_free(sample->texts[kind], TRUE);
    g_free(sample);
}

static void want(ReportSamples *samples, HealthClass kind, yyjson_val *files) {
    g_autoptr(GArray) list = health_hits(files);
    for (guint i = 0; i < MIN(list->len, FILES_MAX); i++) {
        const HealthHits *hits = &g_array_index(list, HealthHits, i);
        Sample *sample = g_hash_table_lookup(samples->files, hits->file);
        if (!sample) {
            sample = g_new0(Sample, 1);
            g_hash_table_insert(samples->files, g_strdup(hits->file), sample);
        }
        sample->wanted[kind] = hits->count > 0 ? LINES_MAX : 0;
    }
}

static void take_line(const char *line, void *data) {
    ReportSamples *samples = data;
    Sample *sample = samples->open;
    for (HealthClass kind = 0; kind < HEALTH_CLASSES; kind++) {
        if (sample->wanted[kind] == 0 || !g_regex_match(samples->classes[kind], line, 0, NULL))
            continue;
        g_autofree char *shown = report_first_line(line, WIDTH);
        if (!sample->texts[kind])
            sample->texts[kind] = g_string_new(NULL);
        g_string_append_printf(sample->texts[kind], "%s\n", shown);
        sample->wanted[kind]--;
    }
}

ReportSamples *report_samples_new(yyjson_val *error_summary) {
    ReportSamples *samples = g_new0(ReportSamples, 1);
    samples->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, sample_free);
    samples->lines = (ReportLines){.func = take_line, .data = samples};
    for (HealthClass kind = 0; kind < HEALTH_CLASSES; kind++) {
        samples->classes[kind] = health_class_regex(kind);
        want(samples, kind, json_get(error_summary, health_class_names[kind]));
    }
    return samples;
}

void report_samples_free(ReportSamples *samples) {
    if (!samples)
        return;
    g_hash_table_unref(samples->files);
    for (HealthClass kind = 0; kind < HEALTH_CLASSES; kind++)
        g_regex_unref(samples->classes[kind]);
    g_free(samples);
}

bool report_samples_any(const ReportSamples *samples) {
    return g_hash_table_size(samples->files) > 0;
}

bool report_samples_begin(ReportSamples *samples, const char *path) {
    samples->open = g_hash_table_lookup(samples->files, path);
    return samples->open != NULL;
}

bool report_samples_feed(ReportSamples *samples, const char *data, size_t length) {
    report_lines_feed(&samples->lines, data, length);
    bool more = false;
    for (HealthClass kind = 0; kind < HEALTH_CLASSES; kind++)
        more = more || samples->open->wanted[kind] > 0;
    return more;
}

void report_samples_end(ReportSamples *samples) {
    report_lines_end(&samples->lines);
    samples->open = NULL;
}

const char *report_samples_get(ReportSamples *samples, const char *class_name, const char *path) {
    Sample *sample = g_hash_table_lookup(samples->files, path);
    for (HealthClass kind = 0; sample && kind < HEALTH_CLASSES; kind++)
        if (g_str_equal(class_name, health_class_names[kind]))
            return sample->texts[kind] ? sample->texts[kind]->str : NULL;
    return NULL;
}
