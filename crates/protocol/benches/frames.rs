//! How fast frames are written and read, in bytes of frame text per second. The reader's target is 500 MB/s.

#![expect(clippy::expect_used, reason = "a bench that cannot go on has nothing to report")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use protocol::frame::{Assembler, Cause, Channel, Encoder, decode};

/// Lines as a plan prints them: most are plain, some are coloured.
fn plan_output() -> Vec<u8> {
    let plain = "  # terraform_data.example[\"instance\"] will be created because it does not exist in the state yet\n";
    let coloured = "\u{1b}[32m+\u{1b}[0m resource \"terraform_data\" \"example\" { input = \"größer\" }\n";
    let block = [plain.repeat(9).as_str(), coloured].concat();
    block.repeat(8 * 1024 * 1024 / block.len()).into_bytes()
}

fn frames_of(output: &[u8]) -> String {
    let mut encoder = Encoder::new();
    let mut frames = Vec::new();
    encoder.encode(Channel::Stdout, output, &mut frames);
    encoder.finish(0, Cause::Exited, &mut frames).expect("a trailer");
    String::from_utf8(frames).expect("frames are UTF-8")
}

fn benches(criterion: &mut Criterion) {
    let plan = plan_output();
    let long_line = vec![b'x'; 8 * 1024 * 1024];
    for (name, output) in [("plan", &plan), ("one long line", &long_line)] {
        let frames = frames_of(output);
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(frames.len() as u64));
        group.bench_function("decode", |bencher| {
            bencher.iter(|| frames.lines().for_each(|frame| drop(black_box(decode(frame)))));
        });
        group.bench_function("assemble and verify", |bencher| {
            bencher.iter(|| {
                let mut assembler = Assembler::new();
                let mut bytes = 0;
                for frame in frames.lines() {
                    assembler
                        .push(frame, |chunk| bytes += chunk.bytes.len())
                        .expect("a frame");
                }
                black_box((bytes, assembler.finish(|_| {})))
            });
        });
        group.bench_function("encode", |bencher| bencher.iter(|| black_box(frames_of(output))));
        group.finish();
    }
}

criterion_group!(frames, benches);
criterion_main!(frames);
