/* test: tests/c_driven/main.rs */
/*
 * A malloc for LD_PRELOAD whose blocks are all aligned to 8 bytes and never to
 * 16, as those of Electric Fence and of many debugging allocators often are. Programs
 * must run with it as they do without.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The C library's own. */
extern void *__libc_malloc(size_t size);
extern void __libc_free(void *block);

/* Before each block: its size, and where it really starts. */
struct head {
    size_t size;
    void *real;
};

/* At an address that is `off` bytes behind a multiple of `alignment`. */
static void *block(size_t size, size_t alignment, size_t off)
{
    size_t more = sizeof(struct head) + alignment + off;
    struct head head;
    uintptr_t at;

    if (size > PTRDIFF_MAX - more || !(head.real = __libc_malloc(size + more))) {
        errno = ENOMEM;
        return NULL;
    }
    head.size = size;
    at = (uintptr_t) head.real + sizeof head + alignment - 1;
    at = at / alignment * alignment + off;
    memcpy((char *) at - sizeof head, &head, sizeof head);
    return (void *) at;
}

static struct head head_of(void *p)
{
    struct head head;

    memcpy(&head, (char *) p - sizeof head, sizeof head);
    return head;
}

void *malloc(size_t size)
{
    return block(size, 16, 8);
}

void free(void *p)
{
    if (p)
        __libc_free(head_of(p).real);
}

void *calloc(size_t count, size_t size)
{
    void *p;

    if (size && count > PTRDIFF_MAX / size) {
        errno = ENOMEM;
        return NULL;
    }
    p = malloc(count * size);
    return p ? memset(p, 0, count * size) : NULL;
}

void *realloc(void *old, size_t size)
{
    void *new_one = malloc(size);
    size_t had = old ? head_of(old).size : 0;

    if (!new_one)
        return NULL;
    if (old)
        memcpy(new_one, old, had < size ? had : size);
    free(old);
    return new_one;
}

/* Callers that ask for an alignment get it. */

int posix_memalign(void **p, size_t alignment, size_t size)
{
    *p = block(size, alignment, 0);
    return *p ? 0 : ENOMEM;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return block(size, alignment, 0);
}

void *memalign(size_t alignment, size_t size)
{
    return block(size, alignment, 0);
}

size_t malloc_usable_size(void *p)
{
    return p ? head_of(p).size : 0;
}
