/* A plugin of qemu-user that counts the instructions between two marks of the program that it runs.
 *
 * A mark is getpgid(7777770 + k), k from 0 to 9: a system call that fails and changes nothing. Each is told on stderr:
 * "MARK k <instructions since the start>". Those of all threads are counted together.
 *
 * The declarations below are what is used of version 1 of qemu's plugin interface; qemu-user's packages have no header.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_info_t;

extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);
extern void qemu_plugin_register_vcpu_syscall_cb(
    qemu_plugin_id_t, void (*)(qemu_plugin_id_t, unsigned, int64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                               uint64_t, uint64_t, uint64_t));

#define EXPORTED __attribute__((visibility("default")))
#define ADD 0         /* QEMU_PLUGIN_INLINE_ADD_U64 */
#define GETPGID 155   /* of aarch64 */
#define FIRST_MARK 7777770

EXPORTED int qemu_plugin_version = 1;
static uint64_t counted;

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(block, ADD, &counted, qemu_plugin_tb_n_insns(block));
}

static void called(qemu_plugin_id_t id, unsigned cpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                   uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
    (void)id, (void)cpu, (void)a2, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    if (number == GETPGID && a1 >= FIRST_MARK && a1 < FIRST_MARK + 10)
        fprintf(stderr, "MARK %d %" PRIu64 "\n", (int)(a1 - FIRST_MARK), counted);
}

EXPORTED int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int count, char **values)
{
    (void)info, (void)count, (void)values;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_vcpu_syscall_cb(id, called);
    return 0;
}
