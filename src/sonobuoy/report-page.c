/* The frame of a page that stands alone: no link, no picture and no script but its own. What it may do is bounded by a
 * policy that names the hashes of its style and its script, so that nothing which came in with a name or a log runs. */
#include "report-page.h"
#include "sonobuoy/report-internal.h"

static char *hash_of(const char *text) {
    guint8 digest[32];
    gsize length = sizeof digest;
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(sum, (const guchar *)text, -1);
    g_checksum_get_digest(sum, digest, &length);
    return g_base64_encode(digest, length);
}

void report_page_begin(FILE *out, const char *title) {
    g_autofree char *style = hash_of(report_page_css), *script = hash_of(report_page_js);
    fprintf(out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-%s'; "
            "script-src 'sha256-%s'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
            "<link rel=\"icon\" href=\"data:,\">\n",
            style, script);
    report_markup(out, "<title>Sonobuoy: %s</title>\n", title);
    fprintf(out, "<style>%s</style>\n</head>\n<body>\n", report_page_css);
}

void report_page_card(FILE *out, const char *target, const char *class, const char *number, const char *label) {
    report_markup(out, "<li><a href=\"#%s\" class=\"%s\"><b>%s</b>%s</a></li>\n", target, class, number, label);
}

void report_page_bar(FILE *out, gint64 passed, gint64 failed, gint64 other) {
    gint64 all = passed + failed + other;
    const struct {
        gint64 count;
        const char *class;
    } parts[] = {{failed, "b-failed"}, {other, "b-other"}, {passed, "b-passed"}};
    fputs("<svg class=\"bar\" viewBox=\"0 0 1000 1\" preserveAspectRatio=\"none\" aria-hidden=\"true\">", out);
    if (all == 0)
        fputs("<rect class=\"b-none\" width=\"1000\" height=\"1\"/>", out);
    double x = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(parts) && all > 0; i++) {
        /* a single failure among thousands is still seen */
        double width = 1000.0 * (double)parts[i].count / (double)all;
        width = parts[i].count > 0 ? MAX(width, 4) : 0;
        if (width > 0)
            fprintf(out, "<rect class=\"%s\" x=\"%d\" width=\"%d\" height=\"1\"/>", parts[i].class, (int)x,
                    (int)(i + 1 == G_N_ELEMENTS(parts) ? 1000 - x : width + 1));
        x += width;
    }
    fputs("</svg>\n", out);
}

void report_page_search(FILE *out, const char *words, const char *one) {
    report_markup(out,
                  "<form id=\"search\" class=\"search\" role=\"search\" data-one=\"%s\" hidden><input type=\"search\" "
                  "placeholder=\"Search %s   ( / )\" aria-label=\"Search\" autocomplete=\"off\"><output "
                  "aria-live=\"polite\"></output></form>\n",
                  one, words);
}

void report_page_end(FILE *out) {
    fprintf(out, "<footer>Made by seaworthy's sonobuoy %s.</footer>\n<script>%s</script>\n</body>\n</html>\n",
            SEAWORTHY_VERSION, report_page_js);
}
