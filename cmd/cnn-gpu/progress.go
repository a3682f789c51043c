package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"cnn-gpu/internal/wording"
	"cnn-gpu/train"
)

// logEvery is how often a log hears of an epoch under way.
const logEvery = 30 * time.Second

// reporter tells a person how the training goes: a line for each epoch and, for the one under way, a bar on a terminal and now and then a line in
// a log.
type reporter struct {
	w             io.Writer // of the bar
	lines         io.Writer // of the epochs
	terminal      bool
	epochs, batch int
	measured      string                   // what stands before the figures that are measured after an epoch: val or test
	bar           *progressbar.ProgressBar // nil between epochs
	said          time.Time                // when the last line was written
}

func newReporter(w, lines io.Writer, epochs, batch int, measured string) *reporter {
	return &reporter{w: w, lines: lines, terminal: isTerminal(w), epochs: epochs, batch: batch, measured: measured, said: time.Now()}
}

// resultLines is where the lines of a training that tell its results go: to standard output where that is kept in a file or read by a
// program, and beside the bar where a person looks at both.
func resultLines(cmd *cobra.Command, asJSON bool) io.Writer {
	if asJSON || isTerminal(cmd.OutOrStdout()) {
		return forPeople(cmd)
	}
	return cmd.OutOrStdout()
}

// progress shows how far an epoch is, and says whether it wrote a line of a log.
func (r *reporter) progress(p train.Progress) (logged bool) {
	if logged = !r.terminal && time.Since(r.said) >= logEvery; logged {
		wording.English.Fprintf(r.w, "Epoch %d/%d, step %d/%d: %s\n", p.Epoch, p.Epochs, p.Batch, p.Batches, r.figures(p))
		r.said = time.Now()
	}
	if !r.terminal {
		return logged
	}
	if r.bar == nil {
		// One more than there are batches: the test or validation images are still to come when the last batch is done.
		r.bar = newBar(r.w, int64(p.Batches)+1)
	}
	r.bar.Describe(fit(r.w, wording.English.Sprintf("epoch %d/%d: %s", p.Epoch, p.Epochs, r.figures(p))))
	_ = r.bar.Set(p.Batch) // where standard error is gone there is nobody to tell
	return false
}

func (r *reporter) figures(p train.Progress) string {
	left := "testing"
	if p.Batch < p.Batches && p.ImagesPerSecond > 0 {
		seconds := float64((p.Batches-p.Batch)*r.batch) / p.ImagesPerSecond
		left = fmt.Sprintf("%v left", time.Duration(seconds+1)*time.Second)
	}
	return wording.English.Sprintf("loss %.4f, accuracy %.2f%%%s, %.0f images/s%s, %s",
		p.Result.Loss, 100*p.Result.Accuracy, learningRate(p.LearningRate), p.ImagesPerSecond, waited(p.Waited), left)
}

func (r *reporter) epoch(e train.Epoch) {
	r.stop()
	r.said = time.Now()
	wording.English.Fprintf(r.lines, "Epoch %d/%d: loss %.4f, accuracy %.2f%%", e.Epoch, r.epochs, e.Training.Loss, 100*e.Training.Accuracy)
	if v := e.Validation; v != nil {
		wording.English.Fprintf(r.lines, ", %[1]s_loss %.4[2]f, %[1]s_accuracy %.2[3]f%%", r.measured, v.Loss, 100*v.Accuracy)
	}
	wording.English.Fprintf(r.lines, "%s, %.0f images/s, %.1f s%s\n", learningRate(e.LearningRate), e.ImagesPerSecond, e.Seconds, waited(e.Waited))
}

// waited tells which part of the time a GPU waited for the host, where that is known.
func waited(share *float64) string {
	if share == nil {
		return ""
	}
	return fmt.Sprintf(", GPU waited %.1f%%", 100**share)
}

// learningRate tells the rate where there is a schedule.
func learningRate(rate float64) string {
	if rate == 0 {
		return ""
	}
	return fmt.Sprintf(", lr %.3g", rate)
}

// stop takes the bar away.
func (r *reporter) stop() {
	if r.bar != nil {
		_ = r.bar.Clear()
		r.bar = nil
	}
}

// newBar is a bar with its text at the end of the line. It is drawn with control characters, so it goes past what keeps them from a terminal:
// its text must hold no names that are anybody's.
func newBar(w io.Writer, most int64, options ...progressbar.Option) *progressbar.ProgressBar {
	if terminal, is := terminalOf(w); is {
		w = terminal
	}
	options = append([]progressbar.Option{
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetWidth(30),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionClearOnFinish(),
	}, options...)
	return progressbar.NewOptions64(most, options...)
}

// fit cuts a bar's text to the terminal's width: a line that wraps can't be taken away again.
func fit(w io.Writer, text string) string {
	width := columns(w)
	if width == 0 {
		return text
	}
	return text[:min(len(text), max(width-len(" 100% ||  ")-1, 0))]
}
