"""How each figure of the model room came about, in the words that stand beside it."""

from core.model import doubts

METHODS = {
    "model.accuracy": "Share of test rows that the tuned model answers rightly; Wilson 95 % interval.",
    "model.macro_f1": "F1 averaged over the classes, each weighing the same; 95 % interval from test rows drawn again "
    "(percentile bootstrap).",
    "model.baseline_accuracy": "Share of test rows that the best method without training answers rightly: the one "
    "with most right answers on the validation rows; Wilson 95 % interval.",
    "model.gain": "Accuracy of the tuned model minus that of the best method without training, which the validation "
    "rows chose, on the same test rows; 95 % interval by paired bootstrap, verdict by the exact McNemar test at 5 %.",
    "model.p50_latency": "Half of the requests took at most this long: real test texts one by one, tokenisation "
    "included, after warm-up; 95 % interval from order statistics.",
    "model.p95_latency": "95 of 100 requests took at most this long: real test texts one by one, tokenisation "
    "included, after warm-up; 95 % interval from order statistics; needs 90 requests (MLPerf).",
    "model.accuracy_without_duplicates": "Share of right answers among the test rows that have no near-duplicate among "
    "the training rows; Wilson 95 % interval.",
    "model.calibration_error": "Expected calibration error on the test rows over 15 bins (Guo et al. 2017), after one "
    "temperature fitted on the validation rows, where that helps there by more than a standard error; 95 % interval "
    "from rows drawn again.",
    "model.near_duplicates": "Test rows with a near-duplicate among the training rows: most of their five-character "
    "pieces are the same.",
    "model.suspect_labels": "Rows whose label is probably wrong, by confident learning (Northcutt et al. 2021) with "
    "out-of-fold probabilities of the logistic regression.",
    "model.forecast_minutes": "Forecast of the training's wall time before it began, a search and other seeds "
    "included, from 20 real steps; 80 % band.",
    "model.base": "The base model to take: of those whose linear probe is not shown to be worse than the best, by a "
    "paired test on the same validation rows, the fastest.",
    "model.size": "Size of the model's folder: weights, configuration and tokenizer.",
    "model.train_minutes": "Wall time of fine-tuning on this machine, validation and checkpoints included.",
    **doubts.METHODS,
}
