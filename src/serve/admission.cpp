#include "serve/admission.h"

namespace graft {

std::optional<Admission::Ticket> Admission::enter(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (pictures_ >= most_pictures_ || (pictures_ > 0 && bytes_ + bytes > most_bytes_)) return std::nullopt;
  ++tickets_;
  ++pictures_;
  bytes_ += bytes;
  return Ticket(this, bytes);
}

std::size_t Admission::pictures() const {
  const std::lock_guard lock(mutex_);
  return pictures_;
}

void Admission::wait_until_empty() {
  std::unique_lock lock(mutex_);
  left_.wait(lock, [this] { return tickets_ == 0; });
}

Admission::Ticket::~Ticket() {
  if (!admission_) return;
  give_back();
  const std::lock_guard lock(admission_->mutex_);
  if (--admission_->tickets_ == 0) admission_->left_.notify_all();
}

bool Admission::Ticket::grow(std::size_t pictures) {
  const std::lock_guard lock(admission_->mutex_);
  if (pictures <= pictures_) return true;
  const std::size_t others = admission_->pictures_ - pictures_;
  if (others > 0 && others + pictures > admission_->most_pictures_) return false;
  admission_->pictures_ = others + pictures;
  pictures_ = pictures;
  return true;
}

bool Admission::Ticket::hold(std::size_t bytes) {
  const std::lock_guard lock(admission_->mutex_);
  const std::size_t others = admission_->bytes_ - bytes_;
  if (others > 0 && admission_->bytes_ + bytes > admission_->most_bytes_) return false;
  admission_->bytes_ += bytes;
  bytes_ += bytes;
  return true;
}

void Admission::Ticket::give_back() {
  const std::lock_guard lock(admission_->mutex_);
  admission_->pictures_ -= std::exchange(pictures_, 0);
  admission_->bytes_ -= std::exchange(bytes_, 0);
}

}  // namespace graft
