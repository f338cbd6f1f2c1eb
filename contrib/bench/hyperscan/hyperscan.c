/* hyperscan scans a text with Hyperscan in streaming mode, as its neighbours in
 * the benchmark do: see child.go for what is said on standard input and output.
 *
 *     hyperscan PATTERNS [finder]
 *
 * Each line of the file PATTERNS is an id, a space and an expression; ids of 4
 * and more are terms, whose case does not matter. A finder only says where to
 * look: it has done its work if it points into each planted value.
 */
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHUNK = 64 << 10, LINE = 4096, CORE = 4 };

struct plant {
    unsigned id;
    unsigned long long start, end;
    int found;
};

static struct plant *plants;
static size_t nplants;
static int finder;

static void die(const char *what) {
    fprintf(stderr, "hyperscan: %s\n", what);
    exit(1);
}

static void *need(void *p) {
    if (!p) die("out of memory");
    return p;
}

static hs_database_t *compile(const char *file) {
    char line[LINE];
    size_t n = 0, room = 0;
    char **expressions = NULL;
    unsigned *ids = NULL, *flags = NULL;
    FILE *f = fopen(file, "r");
    if (!f) die("the patterns cannot be read");
    while (fgets(line, sizeof line, f)) {
        char *space = strchr(line, ' ');
        if (!space) die("a pattern without an id");
        line[strcspn(line, "\n")] = 0;
        if (n == room) {
            room = room ? 2 * room : 64;
            expressions = need(realloc(expressions, room * sizeof *expressions));
            ids = need(realloc(ids, room * sizeof *ids));
            flags = need(realloc(flags, room * sizeof *flags));
        }
        ids[n] = strtoul(line, NULL, 10);
        flags[n] = ids[n] >= CORE ? HS_FLAG_CASELESS : 0;
        expressions[n++] = need(strdup(space + 1));
    }
    fclose(f);

    hs_database_t *db;
    hs_compile_error_t *error;
    if (hs_compile_multi((const char *const *)expressions, flags, ids, n, HS_MODE_STREAM, NULL, &db, &error) != HS_SUCCESS) {
        die(error->message);
    }
    return db;
}

static char *load(const char *file, size_t *size) {
    FILE *f = fopen(file, "rb");
    if (!f) die("the text cannot be read");
    fseek(f, 0, SEEK_END);
    *size = ftell(f);
    rewind(f);
    char *text = need(malloc(*size + 1));
    if (fread(text, 1, *size, f) != *size) die("the text cannot be read");
    fclose(f);
    return text;
}

static void load_plants(const char *file) {
    struct plant p = {0};
    size_t room = 0;
    FILE *f = fopen(file, "r");
    if (!f) die("the plants cannot be read");
    nplants = 0;
    while (fscanf(f, "%u %llu %llu", &p.id, &p.start, &p.end) == 3) {
        if (nplants == room) {
            room = room ? 2 * room : 1024;
            plants = need(realloc(plants, room * sizeof *plants));
        }
        plants[nplants++] = p;
    }
    fclose(f);
}

static int count(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
    ++*(unsigned long long *)context;
    return 0;
}

static int check(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
    size_t low = 0, high = nplants;
    ++*(unsigned long long *)context;
    while (low < high) { /* the first plant that ends at to or later */
        size_t middle = (low + high) / 2;
        if (plants[middle].end < to) low = middle + 1;
        else high = middle;
    }
    if (low == nplants) return 0;
    if (finder ? plants[low].start < to : plants[low].id == id && plants[low].end == to) plants[low].found = 1;
    return 0;
}

static unsigned long long scan(hs_database_t *db, hs_scratch_t *scratch, const char *text, size_t size, match_event_handler on) {
    unsigned long long matches = 0;
    hs_stream_t *stream;
    if (hs_open_stream(db, 0, &stream) != HS_SUCCESS) die("no stream");
    for (size_t at = 0; at < size; at += CHUNK) {
        size_t n = size - at < CHUNK ? size - at : CHUNK;
        if (hs_scan_stream(stream, text + at, n, 0, scratch, on, &matches) != HS_SUCCESS) die("the scan failed");
    }
    hs_close_stream(stream, scratch, on, &matches);
    return matches;
}

static long long cpu(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv) {
    char line[LINE], file[LINE], list[LINE];
    char *text = NULL;
    size_t size = 0;
    hs_scratch_t *scratch = NULL;
    if (argc < 2) die("want the file of the patterns");
    finder = argc > 2;
    hs_database_t *db = compile(argv[1]);
    if (hs_alloc_scratch(db, &scratch) != HS_SUCCESS) die("no scratch space");
    printf("hyperscan %s\n", hs_version());
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        int passes;
        if (sscanf(line, "load %s %s", file, list) == 2) {
            free(text);
            text = load(file, &size);
            load_plants(list);
            puts("ready");
        } else if (sscanf(line, "pass %d", &passes) == 1) {
            unsigned long long matches = 0;
            long long before = cpu();
            for (int i = 0; i < passes; i++) matches = scan(db, scratch, text, size, count);
            printf("%lld %llu\n", cpu() - before, matches);
        } else if (!strncmp(line, "check", 5)) {
            size_t found = 0;
            unsigned long long matches = scan(db, scratch, text, size, check);
            for (size_t i = 0; i < nplants; i++) found += plants[i].found;
            printf("%zu %llu\n", found, matches);
        } else {
            die("an unknown command");
        }
        fflush(stdout);
    }
    return 0;
}
