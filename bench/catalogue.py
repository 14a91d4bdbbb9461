"""All benchmarks, in the order in which they run. Their names are a contract: design and docs use them."""

from __future__ import annotations

from bench.harness import Benchmark

BENCHMARKS = (
    Benchmark(("submission.requests", "submission.requests.upload"), "bench.submission:requests"),
    Benchmark(("submission.rate", "submission.rate.site"), "bench.submission:rate"),
    Benchmark(("sweep.seconds.1000",), "bench.sweep:thousand"),
    Benchmark(("sweep.seconds.3000",), "bench.sweep:three_thousand"),
    Benchmark(("follow.lag", "follow.lag.max"), "bench.lag:lag"),
    *(
        Benchmark(
            tuple(f"schedules.{what}.{size}" for what in ("lateness_p99", "idle_tick", "edit", "memory")),
            f"bench.schedules:{function}",
        )
        for size, function in (("1k", "thousand"), ("10k", "ten_thousand"), ("100k", "hundred_thousand"))
    ),
    Benchmark(("demo.seconds", "demo.memory"), "bench.demo:demo"),
)
