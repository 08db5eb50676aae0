#!/bin/bash
# Runs of version 0.1.0 as it was at commit 3100d2b, before steps and losses became values: what they were after
# three steps, and what that version made of them after six. Later versions resume and generate the same.
#
#   make.sh COMMAND FOLDER    COMMAND is the `ganymede` of that version
set -e
command=$1
mkdir -p "$2" && cd "$2"
common="--size 8 --batch 8 --steps 3 --sample-every 3 --checkpoint-every 3 --metrics-every 0 --threads 2 --precision f32 --quiet --set grid=[2,2] --set milestones=[]"
g=gan.generator.layers d=gan.discriminator.layers
"$command" train --preset mlp $common --out mlp --set $g.0.units=12 --set $g.3.units=8 --set $g.6.units=8 \
    --set $d.1.units=8 --set $d.3.units=8
"$command" train --preset dcgan $common --out dcgan --set $g.0.units=32 --set $g.3.shape=[2,2,8] \
    --set $g.4.filters=8 --set $g.7.filters=4 --set $d.0.filters=4 --set $d.3.filters=4
"$command" train --preset forger $common --out forger --set $g.0.units=32 --set $g.3.shape=[2,2,8] \
    --set $g.6.filters=8 --set $g.10.filters=4 --set $g.13.filters=4 --set $d.0.filters=4 \
    --set $d.3.filters=4 --set $d.6.filters=4 --set $d.9.filters=4
"$command" train --preset toy ${common/--size 8/} --out toy --set $g.0.units=8 --set $g.3.units=8 --set $g.6.units=8 \
    --set $d.0.units=8 --set $d.2.units=8 --set $d.4.units=8
for run in mlp dcgan forger toy; do
    mkdir -p $run/before/checkpoints $run/before/samples $run/after
    cp $run/samples/real.png $run/before/samples
    cp $run/config.json $run/journal.jsonl $run/before
    cp $run/checkpoints/latest $run/checkpoints/step-000003.safetensors $run/before/checkpoints
    "$command" resume $run --steps 6 --quiet
    cp $run/checkpoints/step-000006.safetensors $run/after
    "$command" generate $run --seeds 0-15 -o $run/after/generated.npy
done
