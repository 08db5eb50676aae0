// Makes a processor look to a process as if AVX2 were all that it has, for the race with AVX2: switches of libraries do not
// reach every product (XLA's). Loaded with LD_PRELOAD on Linux, where the processor can fault on CPUID.
//
// The kernel is asked to fault on each CPUID (arch_prctl(2), ARCH_SET_CPUID). The handler executes the instruction, and
// clears the bits of leaf 7 that stand for AVX-512, AMX, AVX-VNNI and what came later. See Intel's Software Developer's
// Manual, CPUID. A file of bits in /proc/cpuinfo is not changed.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { ARCH_SET_CPUID = 0x1012 };

/// Leaf 7. B: the parts of AVX-512 (16, 17, 21, 26 to 28, 30, 31). C: those since (1, 6, 11, 12, 14), and the forms for vectors of GFNI,
/// AES and carry-less products (8 to 10). D: the last parts of AVX-512 (2, 3, 8, 23) and AMX (22, 24, 25).
static const uint32_t HIDDEN_B = 1u << 16 | 1u << 17 | 1u << 21 | 7u << 26 | 3u << 30;
static const uint32_t HIDDEN_C = 1u << 1 | 1u << 6 | 7u << 8 | 3u << 11 | 1u << 14;
static const uint32_t HIDDEN_D = 3u << 2 | 1u << 8 | 3u << 22 | 3u << 24;
/// Leaf 7, subleaf 1. A: AVX-VNNI, bfloat16, AMX-FP16, AVX-IFMA (4, 5, 21, 23). D: AVX-VNNI and AMX for other types, AVX10.
static const uint32_t HIDDEN_A1 = 3u << 4 | 1u << 21 | 1u << 23, HIDDEN_D1 = 3u << 4 | 1u << 8 | 1u << 10 | 1u << 19;

static struct sigaction before;

static long fault_on_cpuid(int on) { return syscall(SYS_arch_prctl, ARCH_SET_CPUID, !on); }

static void handle(int number, siginfo_t *info, void *context) {
    (void)number, (void)info;
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const uint8_t *code = (const uint8_t *)registers[REG_RIP];
    if (code[0] != 0x0F || code[1] != 0xA2) {  // a fault of another kind: it happens again, and the process ends
        sigaction(SIGSEGV, &before, NULL);
        return;
    }
    uint32_t leaf = (uint32_t)registers[REG_RAX], subleaf = (uint32_t)registers[REG_RCX];
    uint32_t a = leaf, b, c = subleaf, d;
    fault_on_cpuid(0);
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    fault_on_cpuid(1);
    if (leaf == 7 && subleaf == 0) b &= ~HIDDEN_B, c &= ~HIDDEN_C, d &= ~HIDDEN_D;
    if (leaf == 7 && subleaf == 1) a &= ~HIDDEN_A1, d &= ~HIDDEN_D1;
    registers[REG_RAX] = a;
    registers[REG_RBX] = b;
    registers[REG_RCX] = c;
    registers[REG_RDX] = d;
    registers[REG_RIP] += 2;
}

__attribute__((constructor)) static void start(void) {
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
    if (sigaction(SIGSEGV, &action, &before) == 0 && fault_on_cpuid(1) == 0) return;
    static const char message[] = "avx2_only: the kernel does not fault on CPUID here\n";
    (void)!write(STDERR_FILENO, message, sizeof message - 1);
    _Exit(1);
}
