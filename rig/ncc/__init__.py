"""The reference Network Command Center: a core without sockets, threads or time of its own, a store, and shells."""
