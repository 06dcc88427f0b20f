/* Workers of a plugin that send their results at once, as many as there are nodes, to an aggregator of Sonobuoy's.
 *
 *   bench-uploaders --server URL --plugin NAME --cert FILE --key FILE --file FILE [--workers N] [--nodes
 * PREFIX]
 *
 * A thread and a connection each; node I is PREFIX and I, from 1 on. The file goes as a worker sends it: by PUT, in
 * chunks, with its name, and a type by its ending (.gz). All connections are there before the first byte of a result
 * is sent. Prints one line of name=value: workers, bytes (of all results), wall, user and sys in seconds, failed.
 * bench/sonobuoy runs it. */
#include <curl/curl.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS_MAX = 1000, TEXT_SIZE = 1024 };

typedef struct {
    const char *server, *plugin, *cert, *key, *file, *nodes;
    unsigned workers;
} Options;

/* What the workers share. */
typedef struct {
    const Options *options;
    const char *data;
    size_t size;
    pthread_barrier_t ready;
    atomic_uint failed;
} Job;

typedef struct {
    Job *job;
    unsigned number;
    size_t sent;
    char answer[TEXT_SIZE];
    size_t answer_length;
} Worker;

static void die(const char *what, const char *detail) {
    fprintf(stderr, "bench-uploaders: %s: %s\n", what, detail);
    exit(1);
}

/* libcurl's callbacks. */
static size_t give(char *buffer, size_t size, size_t members, void *user) {
    Worker *worker = user;
    size_t length = size * members, left = worker->job->size - worker->sent;
    length = length < left ? length : left;
    memcpy(buffer, worker->job->data + worker->sent, length);
    worker->sent += length;
    return length;
}

static size_t keep(char *data, size_t size, size_t members, void *user) {
    Worker *worker = user;
    size_t length = size * members, room = sizeof worker->answer - 1 - worker->answer_length;
    memcpy(worker->answer + worker->answer_length, data, length < room ? length : room);
    worker->answer_length += length < room ? length : room;
    return length;
}

static CURL *open_connection(Worker *worker) {
    const Options *options = worker->job->options;
    CURL *easy = curl_easy_init();
    if (!easy)
        die("no memory", strerror(errno));
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    /* OpenSSL takes a stock aggregator's certificate for self-signed; whose server this is is known. */
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(easy, CURLOPT_SSLCERT, options->cert);
    curl_easy_setopt(easy, CURLOPT_SSLKEY, options->key);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, worker);
    /* An answer of 404 or 405 leaves the connection open. */
    curl_easy_setopt(easy, CURLOPT_URL, options->server);
    CURLcode code = curl_easy_perform(easy);
    if (code != CURLE_OK)
        die(options->server, curl_easy_strerror(code));
    worker->answer_length = 0;
    return easy;
}

static void send_result(Worker *worker, CURL *easy) {
    const Options *options = worker->job->options;
    const char *name = strrchr(options->file, '/') ? strrchr(options->file, '/') + 1 : options->file;
    bool packed = strlen(name) > 3 && strcmp(name + strlen(name) - 3, ".gz") == 0;
    char url[TEXT_SIZE], disposition[TEXT_SIZE];
    snprintf(url, sizeof url, "%s/api/v1/results/by-node/%s%u/%s", options->server, options->nodes, worker->number,
             options->plugin);
    snprintf(disposition, sizeof disposition, "content-disposition: attachment;filename=%s", name);
    struct curl_slist *headers = curl_slist_append(NULL, packed ? "content-type: application/gzip" : "content-type;");
    headers = curl_slist_append(headers, disposition);
    headers = curl_slist_append(headers, "transfer-encoding: chunked");
    headers = curl_slist_append(headers, "expect:");
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 64L * 1024);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(easy, CURLOPT_READDATA, worker);
    long status = 0;
    CURLcode code = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK || status != 200) {
        atomic_fetch_add(&worker->job->failed, 1);
        fprintf(stderr, "bench-uploaders: %s: %s, status %ld: %s\n", url, curl_easy_strerror(code), status,
                worker->answer);
    }
    curl_slist_free_all(headers);
}

static void *work(void *data) {
    Worker *worker = data;
    CURL *easy = open_connection(worker);
    pthread_barrier_wait(&worker->job->ready);
    send_result(worker, easy);
    curl_easy_cleanup(easy);
    return NULL;
}

/* Runs them all; the seconds from the first byte to the last answer. */
static double work_all(Job *job) {
    static pthread_t threads[WORKERS_MAX];
    static Worker workers[WORKERS_MAX];
    struct timespec start, end;
    pthread_barrier_init(&job->ready, NULL, job->options->workers + 1);
    for (unsigned i = 0; i < job->options->workers; i++) {
        workers[i] = (Worker){.job = job, .number = i + 1};
        if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0)
            die("no thread", strerror(errno));
    }
    pthread_barrier_wait(&job->ready);
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (unsigned i = 0; i < job->options->workers; i++)
        pthread_join(threads[i], NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    pthread_barrier_destroy(&job->ready);
    return (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
}

static void map_file(Job *job, const char *path) {
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &stat) != 0)
        die(path, strerror(errno));
    job->size = (size_t)stat.st_size;
    job->data = mmap(NULL, job->size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (job->data == MAP_FAILED)
        die(path, strerror(errno));
    close(fd);
}

static bool parse(int argc, char **argv, Options *options) {
    static const struct option longs[] = {
        {"server", required_argument, NULL, 's'},  {"plugin", required_argument, NULL, 'p'},
        {"cert", required_argument, NULL, 'c'},    {"key", required_argument, NULL, 'k'},
        {"file", required_argument, NULL, 'f'},    {"nodes", required_argument, NULL, 'n'},
        {"workers", required_argument, NULL, 'w'}, {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        switch (option) {
        case 's': options->server = optarg; break;
        case 'p': options->plugin = optarg; break;
        case 'c': options->cert = optarg; break;
        case 'k': options->key = optarg; break;
        case 'f': options->file = optarg; break;
        case 'n': options->nodes = optarg; break;
        case 'w': options->workers = (unsigned)strtoul(optarg, NULL, 10); break;
        default: return false;
        }
    }
    return options->server && options->plugin && options->cert && options->key && options->file &&
           options->workers >= 1 && options->workers <= WORKERS_MAX;
}

static double seconds(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int argc, char **argv) {
    Options options = {.nodes = "node-", .workers = 100};
    Job job = {.options = &options};
    if (!parse(argc, argv, &options)) {
        fprintf(stderr, "usage: bench-uploaders --server URL --plugin NAME --cert FILE --key FILE --file FILE "
                        "[--workers N] [--nodes PREFIX]\n");
        return 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    map_file(&job, options.file);
    double wall = work_all(&job);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("workers=%u bytes=%zu wall=%.3f user=%.3f sys=%.3f failed=%u\n", options.workers, job.size * options.workers,
           wall, seconds(usage.ru_utime), seconds(usage.ru_stime), atomic_load(&job.failed));
    curl_global_cleanup();
    return atomic_load(&job.failed) ? 1 : 0;
}
