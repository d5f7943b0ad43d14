"""What every test stands on."""

from __future__ import annotations

import signal

# A shell starts `./runtests &`, and many a CI its jobs, with Ctrl-C ignored, and what ignores it hands that
# on: our commands would then rightly not hear it, and tests of Ctrl-C would wait in vain.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
